/**
 * TanStack AI's stock client over a WebSocket and the gateway alone:
 * thread_ws_protocol ag-ui.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ChatClient, webSocket } from '@tanstack/ai-client';
import WebSocket from 'ws';

import { startAgent } from './helpers/agent.js';
import { startGateway } from './helpers/gateway.js';
import { startGraph } from './helpers/graph.js';

async function start(t, agent, directives = '') {
  const gateway = await startGateway({
    agent, directives: `thread_ws_protocol ag-ui; ${directives}`,
  });
  const sockets = [];

  class Socket extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }

  t.after(async () => {
    for (const socket of sockets) {
      socket.terminate();
    }
    await gateway.stop();
    await agent.stop();
  });

  const client = new ChatClient({
    threadId: 't1', connection: webSocket(gateway.wsUrl, { WebSocketImpl: Socket }),
  });

  return { client, sockets };
}

async function until(what) {
  while (!what()) {
    await new Promise(setImmediate);
  }
}

const said = (client) => client.getMessages().at(-1).parts
  .filter(({ type }) => type === 'text').map(({ content }) => content).join('|');

test('questions, a stop, a failure, on one socket', async (t) => {
  const agent = await startAgent();
  const { client, sockets } = await start(t, agent);

  let done = client.sendMessage('one');
  (await agent.next()).answer('first', ' "answer"\n');
  await done;
  assert.equal(said(client), 'first "answer"\n');

  done = client.sendMessage('two');
  let run = await agent.next();
  assert.deepEqual(run.messages.map(({ content }) => content),
    ['one', 'first "answer"\n', 'two']);
  run.token('half');
  await until(() => said(client) === 'half');
  client.stop();
  await done;
  assert.equal(await run.aborted, true);
  assert.equal(client.getError(), undefined);

  done = client.sendMessage('three');
  run = await agent.next();
  run.fail(400, 'the model is not there');
  await done;
  assert.match(client.getError().message, /the model is not there/);

  done = client.sendMessage('four');
  (await agent.next()).answer('goes on');
  await done;
  assert.equal(said(client), 'goes on');
  assert.equal(sockets.length, 1);
});

test('calls of tools, and their results', async (t) => {
  const agent = await startAgent();
  const { client } = await start(t, agent, 'thread_ws_events all;');

  let done = client.sendMessage('look');
  let run = (await agent.next()).token('Let me see.');
  run.chunk({ delta: { tool_calls: [{
    index: 0, id: 'c1', type: 'function', function: { name: 'clock', arguments: '{"zone":"UTC"}' },
  }] } });
  run.finished = true;
  run.chunk({ delta: {}, finish_reason: 'tool_calls' });
  run.res.end('data: [DONE]\n\n');
  await done;

  const call = client.getMessages().at(-1).parts.find(({ type }) => type === 'tool-call');
  assert.deepEqual([call.id, call.name, call.input], ['c1', 'clock', { zone: 'UTC' }]);

  done = client.addToolResult({ toolCallId: 'c1', tool: 'clock', output: { now: 12 } });
  run = await agent.next();
  assert.deepEqual(run.messages.slice(2).map((m) => [m.role, m.tool_call_id, m.content]),
    [['tool', 'c1', '{"now":12}']]);
  run.answer('It is noon.');
  await done;
  await until(() => client.getStatus() === 'ready' && said(client) === 'It is noon.');
});

test('an agent that asks goes on with the answer', async (t) => {
  const graph = await startGraph({ ['a'.repeat(32)]: { really: 1 } });
  const { client } = await start(t, graph, 'thread_ws_dialect langgraph;');

  await client.sendMessage('Delete it.');
  await until(() => client.getPendingInterrupts().length);

  const [asked] = client.getPendingInterrupts();
  asked.resolveInterrupt({ ok: true });
  await until(() => graph.inputs.length === 2 && client.getStatus() === 'ready'
    && client.getMessages().at(-1).role === 'assistant');
  assert.deepEqual(graph.inputs[1].command, { resume: { ['a'.repeat(32)]: { ok: true } } });
  assert.equal(said(client), 'Done.');
});
