/**
 * Runs as AG-UI events, and AG-UI's own client over them.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { AbstractAgent } from '@ag-ui/client';
import { EventSchemas } from '@ag-ui/core/schemas';
import { Observable } from 'rxjs';
import { WebSocket } from 'ws';

import { defineThreadAgent, runEvents } from '../src/ag-ui.js';
import { connect, newThread, useGateway } from './helpers/chat.js';

const context = useGateway();
const user = (content) => [{ id: 'u', role: 'user', content }];

async function collect(events) {
  const all = [];
  for await (const event of events) {
    all.push(event);
    EventSchemas.parse(event);
  }
  return all;
}

test('a run is told from its start to its end', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const events = collect(runEvents(connection, {
    runId: 'run-1', messages: [...user('before'), ...user([{ type: 'text', text: 'hello' }])],
  }));
  const asked = await agent.next();

  assert.equal(asked.prompt, 'hello');
  asked.answer('a', 'b');

  const { threadId } = connection;
  const all = await events;
  assert.deepEqual(all.filter(({ type }) => type !== 'TEXT_MESSAGE_CONTENT'), [
    { type: 'RUN_STARTED', threadId, runId: 'run-1' },
    { type: 'TEXT_MESSAGE_START', messageId: 'run-1-answer', role: 'assistant' },
    { type: 'TEXT_MESSAGE_END', messageId: 'run-1-answer' },
    {
      type: 'RUN_FINISHED', threadId, runId: 'run-1', outcome: { type: 'success' },
      usage: [{ inputTokens: 3, outputTokens: 5 }],
    },
  ]);
  assert.equal(all.map(({ delta }) => delta ?? '').join(''), 'ab');
});

test('a failure is RUN_ERROR, a cancel a finished run', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const failed = collect(runEvents(connection, { runId: 'run-2', messages: user('x') }));

  (await agent.next()).fail(429, 'slow down');
  const [started, error] = await failed;
  assert.equal(started.type, 'RUN_STARTED');
  assert.equal(error.type, 'RUN_ERROR');
  assert.equal(error.code, 'UPSTREAM_RATE_LIMITED');
  assert.equal(error.rawEvent.retryable, true);

  const controller = new AbortController();
  const stopped = runEvents(connection, { runId: 'run-3', messages: user('y') }, controller);
  await stopped.next();
  const asked = await agent.next();
  asked.token('one');
  assert.equal((await stopped.next()).value.type, 'TEXT_MESSAGE_START');
  controller.abort();
  const rest = await collect(stopped);
  assert.deepEqual(rest.filter(({ type }) => type !== 'TEXT_MESSAGE_CONTENT').map(({ type }) => type),
    ['TEXT_MESSAGE_END', 'RUN_FINISHED']);
  assert.deepEqual(rest.at(-1).outcome, { type: 'cancelled' });
  assert.equal(await asked.aborted, true);
});

test('what cannot be sent is refused by name, or left out where that is said', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const image = [{ type: 'text', text: 'see' }, { type: 'image', source: { type: 'url', value: 'https://x.test/' } }];
  let runs = 0;

  for (const [name, input] of [['tools', { tools: [{ name: 'x' }] }], ['context', { context: [{}] }],
    ['state', { state: { a: 1 } }], ['forwardedProps', { forwardedProps: { a: 1 } }],
    ['resume', { resume: [{}] }], ['files', { messages: user(image) }],
    ['tools', { messages: [...user('q'), { role: 'tool', content: 'x', toolCallId: 'c' }] }]]) {
    const all = { messages: user('q'), tools: [], context: [], state: {}, ...input };
    const [started, error] = await collect(runEvents(connection, { runId: `not-${++runs}`, ...all }));

    assert.equal(started.type, 'RUN_STARTED');
    assert.equal(error.code, 'INVALID_MESSAGE');
    assert.match(error.message, new RegExp(` ${name}\\.`));

    const events = collect(runEvents(connection, { runId: `lax-${runs}`, ...all }, { ignore: [name] }));
    (await agent.next()).answer('ok');
    assert.equal((await events).at(-1).type, 'RUN_FINISHED');
  }
});

test('who stops reading cancels', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const events = runEvents(connection, { runId: 'run-4', messages: user('x') });

  await events.next();
  const asked = await agent.next();
  asked.token('one');
  await events.next();
  await events.return();
  assert.equal(await asked.aborted, true);
});

test('AG-UI\'s agent runs, keeps its connection, and stops', async (t) => {
  const { agent, gateway } = context;
  const ThreadAgent = defineThreadAgent({ AbstractAgent, Observable });
  const thread = new ThreadAgent({
    threadId: newThread(),
    connection: { url: gateway.wsUrl, WebSocket, network: null },
  });
  t.after(() => thread.close());

  for (const i of [1, 2]) {
    thread.addMessage({ id: `u${i}`, role: 'user', content: `question ${i}` });
    const result = thread.runAgent();
    const asked = await agent.next();
    assert.equal(asked.messages.length, 2 * i - 1);
    asked.answer('answer ', `${i}`);
    const { newMessages } = await result;
    assert.deepEqual(newMessages.map(({ role, content }) => [role, content]),
      [['assistant', `answer ${i}`]]);
  }

  const { connection } = thread;
  thread.addMessage({ id: 'u3', role: 'user', content: 'long' });
  const result = thread.runAgent();
  const asked = await agent.next();
  asked.token('one');
  thread.abortRun();
  await result;
  assert.equal(await asked.aborted, true);
  assert.equal(thread.connection, connection);
});
