/**
 * TanStack AI's stock client over a WebSocket and the gateway alone:
 * thread_ws_protocol ag-ui.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
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

  const connection = webSocket(`${gateway.wsUrl}?threadId=t1`,
    { WebSocketImpl: Socket, reconnect: { delayMs: 0 } });
  const client = new ChatClient({ threadId: 't1', connection });

  return { client, connection, gateway, sockets };
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

const refused = ({ cause }) => /1008/.test(cause.message);

async function all(chunks) {
  const types = [];

  for await (const chunk of chunks) {
    types.push(chunk.type);
  }
  return types;
}

test('an answer goes on after a loss and a reload, and is joined', async (t) => {
  const agent = await startAgent();
  const { client, connection, gateway, sockets } = await start(t, agent,
    'thread_ws_resume 1m; thread_ws_events all;');

  let done = client.sendMessage('one');
  let run = (await agent.next()).token('a', 'b');
  await until(() => client.getMessages().at(-1).role === 'assistant' && said(client) === 'ab');
  sockets[0].terminate();
  await until(() => sockets.length === 2);
  const closed = once(sockets[1], 'close');
  run.token('c');
  await until(() => said(client) === 'abc');
  run.chunk({ delta: { tool_calls: [{
    index: 0, id: 'c1', type: 'function', function: { name: 'clock', arguments: '{}' },
  }] } });
  run.finish();
  await done;
  assert.equal(client.getError(), undefined);
  assert.equal(said(client), 'abc');
  assert.match(sockets[1].url, /[?&]offset=\d+/);
  assert.equal((await closed)[0], 1000);
  assert.equal(agent.requests, 1);

  const runId = new URL(sockets[0].url).searchParams.get('runId');
  const types = await all(connection.joinRun(runId));
  assert.deepEqual([types[0], types.at(-1), types.includes('TOOL_CALL_END')],
    ['RUN_STARTED', 'RUN_FINISHED', true]);
  await assert.rejects(all(connection.joinRun('another')), refused);
  await assert.rejects(all(connection.joinRun('a"b')), refused);

  done = client.sendMessage('two');
  run = (await agent.next()).token('d');
  await until(() => said(client) === 'd');
  await gateway.reload();
  run.answer('e');
  await done;
  assert.equal(said(client), 'de');
  assert.equal(agent.requests, 2);
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
