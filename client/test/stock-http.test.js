/**
 * Stock clients by HTTP and the gateway alone: the AI SDK's default transport of 5, 6
 * and 7, and AG-UI's own agent. Nothing of theirs is changed.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { HttpAgent } from '@ag-ui/client';
import * as ai5 from 'ai-5';
import * as ai6 from 'ai';
import * as ai7 from 'ai-7';

import { startAgent } from './helpers/agent.js';
import { startGateway } from './helpers/gateway.js';
import { startGraph } from './helpers/graph.js';
import { createChat } from './helpers/stock.js';

const RESUME = 'thread_ws_resume 1m;';

async function start(t, wire, directives = '', server = startAgent()) {
  const agent = await server;
  const gateway = await startGateway({
    agent,
    directives: `thread_ws_protocol ${wire}; thread_ws_http on; ${directives}`,
  });

  t.after(async () => {
    await gateway.stop();
    await agent.stop();
  });

  return { agent, gateway, url: gateway.wsUrl.replace('ws:', 'http:') };
}

async function until(what) {
  while (!what()) {
    await new Promise(setImmediate);
  }
}

const roles = ({ messages }) => messages.map(({ role }) => role);

for (const [major, ai] of Object.entries({ 5: ai5, 6: ai6, 7: ai7 })) {
  const chatOf = (api, init = {}) => createChat(ai, {
    transport: new ai.DefaultChatTransport({ api }), ...init,
  });

  test(`ai ${major}: questions, a stop, a failure`, async (t) => {
    const { agent, url } = await start(t, 'ai-sdk', 'thread_ws_events all;');
    const chat = chatOf(url);

    let done = chat.sendMessage({ text: 'one' });
    let run = (await agent.next()).start();
    run.chunk({ delta: { reasoning_content: 'hm' } });
    run.answer('first', ' "answer"\n');
    await done;
    assert.equal(chat.status, 'ready', chat.error?.message);
    assert.equal(chat.said, 'first "answer"\n');
    assert.equal(chat.messages[1].metadata.usage.totalTokens, 8);

    done = chat.sendMessage({ text: 'two' });
    run = await agent.next();
    assert.deepEqual(run.messages.map(({ content }) => content),
      ['one', 'first "answer"\n', 'two']);
    run.token('half');
    await until(() => chat.said === 'half');
    chat.stop();
    await done;
    assert.equal(await run.aborted, true);
    assert.equal(chat.status, 'ready');

    done = chat.sendMessage({ text: 'three' });
    (await agent.next()).fail(400, 'the model is not there');
    await done;
    assert.equal(chat.status, 'error');
    assert.match(chat.error.message, /the model is not there/);

    const other = chatOf(url, { id: 'a/b' });

    await other.sendMessage({ text: 'x' });
    assert.match(other.error.message, /^the chat's id must be/);
  });

  test(`ai ${major}: a page that comes back hears the whole answer`, async (t) => {
    const { agent, url } = await start(t, 'ai-sdk', RESUME);
    const api = url.replace('/ws', '/http');
    const left = new AbortController();
    const chat = createChat(ai, {
      transport: new ai.DefaultChatTransport({
        api, fetch: (input, init) => fetch(input, { ...init, signal: left.signal }),
      }),
    });

    await chat.resumeStream();
    assert.equal(chat.status, 'ready', chat.error?.message);
    const done = chat.sendMessage({ text: 'one' });
    const run = (await agent.next()).token('a', 'b');
    await until(() => chat.said === 'ab');
    const half = structuredClone(chat.messages);
    left.abort();
    await done;

    const statuses = [];
    const again = createChat(ai, {
      id: chat.id,
      messages: half,
      transport: new ai.DefaultChatTransport({
        api,
        async fetch(...args) {
          const response = await fetch(...args);

          statuses.push(response.status);
          return response;
        },
      }),
    });
    const heard = again.resumeStream();
    await until(() => statuses.length);
    assert.deepEqual(statuses, [200]);
    run.answer('c');
    await heard;
    assert.equal(again.said, 'abc');
    assert.deepEqual(roles(again), ['user', 'assistant']);
    assert.equal(again.messages[1].id, half[1].id);
    assert.equal(agent.requests, 1);
  });
}

/* what the agent's subscribers are told, by type */
async function running(client, input = {}) {
  const events = [];
  let error;

  try {
    await client.runAgent(input, { onEvent: ({ event }) => { events.push(event); } });
  } catch (e) {
    error = e;
  }
  return { events, error, types: events.map(({ type }) => type) };
}

const user = (id, content) => ({ id, role: 'user', content });

test('HttpAgent: runs, a failure, an abort', async (t) => {
  const { agent, url } = await start(t, 'ag-ui', 'thread_ws_events all;');
  const client = new HttpAgent({ url, threadId: 't1' });

  client.addMessage(user('m1', 'one'));
  let done = running(client);
  let run = (await agent.next()).start();
  run.chunk({ delta: { reasoning_content: 'hm' } });
  run.answer('first', ' "answer"\n');
  let { types, events, error } = await done;
  assert.equal(error, undefined);
  assert.equal(types[0], 'RUN_STARTED');
  assert.deepEqual(events.at(-1).usage, [{ inputTokens: 3, outputTokens: 5 }]);
  assert.deepEqual(client.messages.map(({ role, content }) => [role, content]),
    [['user', 'one'], ['reasoning', 'hm'], ['assistant', 'first "answer"\n']]);

  client.addMessage(user('m2', 'two'));
  done = running(client);
  run = await agent.next();
  assert.deepEqual(run.messages.map(({ content }) => content), ['one', 'first "answer"\n', 'two']);
  run.token('half');
  await until(() => client.messages.at(-1).content === 'half');
  client.abortRun();
  ({ error } = await done);
  assert.equal(error, undefined);
  assert.equal(await run.aborted, true);

  client.addMessage(user('m3', 'three'));
  done = running(client);
  (await agent.next()).fail(400, 'the model is not there');
  ({ events } = await done);
  assert.equal(events.at(-1).type, 'RUN_ERROR');
  assert.match(events.at(-1).message, /the model is not there/);

  ({ error } = await running(new HttpAgent({ url, threadId: 'a/b', initialMessages: [user('m', 'x')] })));
  assert.match(error.message, /400: threadId must be/);
});

test('HttpAgent: calls of tools, and their results', async (t) => {
  const { agent, url } = await start(t, 'ag-ui', 'thread_ws_events all;');
  const client = new HttpAgent({ url, threadId: 't1' });

  client.addMessage(user('m1', 'look'));
  let done = running(client);
  let run = (await agent.next()).token('Let me see.');
  const call = (index, rest) => run.chunk({ delta: { tool_calls: [{ index, ...rest }] } });
  call(0, { id: 'c1', type: 'function', function: { name: 'clock', arguments: '' } });
  call(1, { id: 'c2', type: 'function', function: { name: 'place', arguments: '{"a"' } });
  call(0, { function: { arguments: '{"zone":"UTC"}' } });
  call(1, { function: { arguments: ':1}' } });
  run.finished = true;
  run.chunk({ delta: {}, finish_reason: 'tool_calls' });
  run.res.end('data: [DONE]\n\n');
  const { events, error } = await done;
  assert.equal(error, undefined);
  assert.deepEqual(events.at(-1).outcome,
    { type: 'success', pendingToolCallIds: ['c1', 'c2'] });
  assert.deepEqual(client.messages.at(-1).toolCalls.map(({ function: f }) => f), [
    { name: 'clock', arguments: '{"zone":"UTC"}' }, { name: 'place', arguments: '{"a":1}' },
  ]);

  client.addMessages([
    { id: 'x1', role: 'tool', toolCallId: 'c1', content: 'noon' },
    { id: 'x2', role: 'tool', toolCallId: 'c2', content: '{"here":true}' },
  ]);
  done = running(client);
  run = await agent.next();
  assert.deepEqual(run.messages.slice(2).map((m) => [m.role, m.tool_call_id, m.content]),
    [['tool', 'c1', 'noon'], ['tool', 'c2', '{"here":true}']]);
  run.answer('It is noon.');
  assert.equal((await done).error, undefined);
  assert.equal(client.messages.at(-1).content, 'It is noon.');
});

test('HttpAgent: what an agent asks is answered, or cancelled', async (t) => {
  const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
  const { agent: { inputs }, url } = await start(t, 'ag-ui', 'thread_ws_dialect langgraph;',
    startGraph({ [a]: { really: 1 }, [b]: 'name?' }));
  const client = new HttpAgent({ url, threadId: 't1' });
  const open = () => client.pendingInterrupts.map(({ id, reason, metadata: { value } }) =>
    [id, reason, value]);

  client.addMessage(user('m1', 'Delete it.'));
  let { error, events } = await running(client);
  assert.equal(error, undefined);
  assert.equal(events.at(-1).outcome.type, 'interrupt');
  assert.deepEqual(open(), [[a, 'interrupt', { really: 1 }], [b, 'interrupt', 'name?']]);

  /* its own rule: all of them, or none */
  ({ error } = await running(client, { resume: [{ interruptId: a, status: 'cancelled' }] }));
  assert.match(error.message, /pending interrupt/);
  assert.equal(inputs.length, 1);

  ({ error, events } = await running(client, { resume: [
    { interruptId: a, status: 'resolved', payload: { ok: true } },
    { interruptId: b, status: 'cancelled' }] }));
  assert.equal(error, undefined);
  assert.deepEqual(inputs[1].command, { resume: { [a]: { ok: true }, [b]: null } });
  assert.equal(events.at(-1).outcome.type, 'success');
  assert.deepEqual(open(), []);
  assert.equal(client.messages.at(-1).content, 'Done.');

  /* asked once more; what is not open is refused, and the rest stays so */
  client.addMessage(user('m2', 'And that.'));
  await running(client);
  assert.equal(open().length, 2);
  const asked = client.pendingInterrupts;
  client.pendingInterrupts = [];
  ({ events } = await running(client, { resume: [
    { interruptId: 'c'.repeat(32), status: 'resolved', payload: 1 }] }));
  assert.equal(events.at(-1).type, 'RUN_ERROR');
  assert.equal(inputs.length, 3);

  client.pendingInterrupts = asked;
  ({ events } = await running(client, { resume: asked.map(({ id }) =>
    ({ interruptId: id, status: 'resolved', payload: id })) }));
  assert.deepEqual(inputs[3].command, { resume: { [a]: a, [b]: b } });
  assert.equal(events.at(-1).outcome.type, 'success');
});
