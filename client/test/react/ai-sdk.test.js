/**
 * The AI SDK's useChat over the transport, against the module.
 */

import assert from 'node:assert/strict';

import { useChat } from '@ai-sdk/react';
import { readUIMessageStream } from 'ai';
import { afterAll, afterEach, beforeAll, beforeEach, test } from 'vitest';

import { ThreadChatTransport } from '../../src/ai-sdk.js';
import { startAgent } from '../helpers/agent.js';
import { countingWebSocket } from '../helpers/count.js';
import { startGateway } from '../helpers/gateway.js';
import { startRelay } from '../helpers/net.js';
import { renderHook, unmountAll } from './render.js';

let agent;
let gateway;
let count;
let transport;
let options;
let threads = 0;

const newThread = () => `sdk-${process.pid}-${++threads}`;
const user = (text, id = `m${++threads}`) => ({ id, role: 'user', parts: [{ type: 'text', text }] });
const textOf = (message) => message.parts.map((part) => part.text ?? '').join('');
const is = (status) => (hook) => hook.status === status;

beforeAll(async () => {
  agent = await startAgent();
  gateway = await startGateway({ agent });
});

beforeEach(() => {
  const counting = countingWebSocket();

  count = counting.count;
  options = { url: gateway.wsUrl, WebSocket: counting.WebSocket };
  transport = new ThreadChatTransport(options);
});

afterEach(async () => {
  unmountAll();
  transport.close();
  await count.allClosed();
});

afterAll(async () => {
  await gateway?.stop();
  await agent?.stop();
});

async function chunks(stream) {
  const all = [];
  for await (const chunk of stream) {
    all.push(chunk);
  }
  return all;
}

const ask = (chatId, messages, rest = {}) => transport.sendMessages({
  trigger: 'submit-message', chatId, messages, messageId: undefined,
  abortSignal: undefined, ...rest,
});

test('useChat: messages over one connection', async () => {
  const hook = renderHook(useChat).render({ id: newThread(), transport });

  for (let i = 1; i <= 5; i++) {
    hook.act((it) => { it.sendMessage({ text: `question ${i}` }); });
    const asked = await agent.next();
    assert.equal(asked.prompt, `question ${i}`);
    asked.token('ans').token(`wer ${i}`);
    await hook.until(is('streaming'));
    asked.finish();
    await hook.until((it) => it.status === 'ready' && it.messages.length === 2 * i);
    assert.equal(textOf(hook.current.messages.at(-1)), `answer ${i}`);
  }

  assert.equal(count.opened, 1);
});

test('useChat: stop in mid-answer lets the agent go', async () => {
  const hook = renderHook(useChat).render({ id: newThread(), transport });

  hook.act((it) => { it.sendMessage({ text: 'long' }); });
  const asked = await agent.next();
  asked.token('once upon');
  await hook.until((it) => it.messages.length === 2 && textOf(it.messages[1]) === 'once upon');

  hook.current.stop();
  assert.equal(await asked.aborted, true);
  await hook.until(is('ready'));
  assert.equal(hook.current.error, undefined);

  hook.act((it) => { it.sendMessage({ text: 'short' }); });
  (await agent.next()).answer('ok');
  await hook.until((it) => it.status === 'ready' && it.messages.length === 4);
});

test('useChat: stop, and at once another answer', async () => {
  const chat = newThread();
  const hook = renderHook(useChat).render({ id: chat, transport });

  hook.act((it) => { it.sendMessage({ text: 'tell' }); });
  const first = await agent.next();
  first.token('once upon');
  await hook.until((it) => it.messages.length === 2);

  hook.current.stop();
  await hook.until(is('ready'));
  hook.current.regenerate();
  assert.equal(await first.aborted, true);
  const second = await agent.next();
  const names = [];
  transport.connection(chat).on('event', ({ type, requestId }) => {
    if (type === 'error' || type === 'final') {
      names.push(requestId);
    }
  });
  second.fail(500, 'broken');
  await hook.until(is('error'));

  /* a retry of that keeps its name, whatever was stopped before */
  hook.current.regenerate();
  (await agent.next()).answer('another');
  await hook.until((it) => it.status === 'ready' && it.messages.length === 2);
  assert.equal(textOf(hook.current.messages[1]), 'another');
  assert.equal(names.length, 2);
  assert.equal(names[0], names[1]);
});

test('useChat: an error, and the retry under the same name', async () => {
  const chat = newThread();
  const hook = renderHook(useChat).render({ id: chat, transport });

  hook.act((it) => { it.sendMessage({ text: 'try' }); });
  (await agent.next()).fail(500, 'broken');
  await hook.until(is('error'));
  assert.ok(hook.current.error.message);

  hook.current.regenerate();
  (await agent.next()).answer('whole');
  await hook.until((it) => it.status === 'ready' && it.messages.length === 2);

  const history = await (await fetch(`${gateway.url}api/threads/${chat}/messages`)).json();
  assert.deepEqual(history.messages.map(({ content }) => content), ['try', 'whole']);
  assert.equal(history.messages[0].requestId, hook.current.messages[0].id);
});

test('the chunks of an answer, in order', async () => {
  transport = new ThreadChatTransport({ ...options, metadata: ({ usage }) => ({ usage }) });
  const stream = await ask(newThread(), [user('hello', 'm-1')]);
  (await agent.next()).answer('a', 'b');

  const all = await chunks(stream);
  const deltas = all.filter(({ type }) => type === 'text-delta');

  assert.equal(deltas.map(({ delta }) => delta).join(''), 'ab');
  assert.ok(deltas.every(({ id }) => id === 'm-1'));
  assert.deepEqual(all.filter((chunk) => !deltas.includes(chunk)), [
    { type: 'start', messageId: 'm-1-answer' },
    { type: 'text-start', id: 'm-1' },
    { type: 'text-end', id: 'm-1' },
    {
      type: 'finish',
      finishReason: 'stop',
      messageMetadata: { usage: { inputTokens: 3, outputTokens: 5 } },
    },
  ]);
  assert.equal(all.indexOf(deltas[0]), 2);
});

test('an abort, and an error, are told by chunks', async () => {
  const chat = newThread();
  const controller = new AbortController();
  const stopped = await ask(chat, [user('long')], { abortSignal: controller.signal });
  const asked = await agent.next();
  const reader = stopped.getReader();

  asked.token('one');
  assert.equal((await reader.read()).value.type, 'start');
  assert.equal((await reader.read()).value.type, 'text-start');
  assert.equal((await reader.read()).value.type, 'text-delta');
  controller.abort();
  assert.equal((await reader.read()).value.type, 'text-end');
  assert.equal((await reader.read()).value.type, 'abort');
  assert.equal((await reader.read()).done, true);
  assert.equal(await asked.aborted, true);

  const failed = await ask(chat, [user('wrong')]);
  (await agent.next()).fail(400, 'no');
  const [start, error] = await chunks(failed);
  assert.equal(start.type, 'start');
  assert.equal(error.type, 'error');
  assert.ok(error.errorText);
});

test('who stops reading cancels', async () => {
  const stream = await ask(newThread(), [user('long')]);
  const asked = await agent.next();

  asked.token('one');
  await stream.cancel();
  assert.equal(await asked.aborted, true);
});

test('names: failed keeps, answered and changed do not', async () => {
  const chat = newThread();
  const message = user('one');
  const again = (messages, trigger = 'regenerate-message') =>
    ask(chat, messages, { trigger }).then(chunks);

  let stream = again([message]);
  (await agent.next()).answer('first');
  await stream;

  /* another answer is wanted: the stored one will not do */
  stream = again([message]);
  (await agent.next()).answer('second');
  assert.equal((await stream).find(({ delta }) => delta).delta, 'second');

  /* the message was edited */
  stream = again([{ ...message, parts: [{ type: 'text', text: 'two' }] }], 'submit-message');
  const asked = await agent.next();
  assert.equal(asked.prompt, 'two');
  asked.answer('third');
  await stream;
});

test('reconnectToStream gives the answer under way from its beginning', async () => {
  const chat = newThread();

  assert.equal(await transport.reconnectToStream({ chatId: chat }), null);
  const stream = await ask(chat, [user('hello')]);
  const asked = await agent.next();
  const reader = stream.getReader();

  asked.token('one ');
  for (let i = 0; i < 3; i++) {
    await reader.read();
  }

  const resumed = await transport.reconnectToStream({ chatId: chat });
  asked.answer('two');
  let last;
  for await (const message of readUIMessageStream({ stream: resumed })) {
    last = message;
  }
  assert.equal(textOf(last), 'one two');

  while (!(await reader.read()).done);
  assert.equal(await transport.reconnectToStream({ chatId: chat }), null);
});

test('with a storage, what was awaited is asked for after a reload', async () => {
  const chat = newThread();
  const items = new Map();
  const storage = {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
  const relay = await startRelay(gateway.port);

  try {
    const before = new ThreadChatTransport({
      ...options, storage, url: `ws://127.0.0.1:${relay.port}/api/chat/ws`,
    });
    const lost = await before.sendMessages({
      trigger: 'submit-message', chatId: chat, messages: [user('hello', 'm-x')],
      messageId: undefined, abortSignal: undefined,
    });
    (await agent.next()).token('half');
    assert.equal(items.size, 1);

    /* the page goes */
    before.close();
    assert.equal((await chunks(lost)).at(-1).type, 'error');
    assert.equal(items.size, 1);

    transport = new ThreadChatTransport({ ...options, storage });
    const stream = await transport.reconnectToStream({ chatId: chat });
    const asked = await agent.next();
    assert.equal(asked.prompt, 'hello');
    asked.answer('whole');
    const all = await chunks(stream);
    assert.equal(all[0].messageId, 'm-x-answer');
    assert.equal(all.find(({ delta }) => delta).delta, 'whole');
    assert.equal(items.size, 0);
    assert.equal(await transport.reconnectToStream({ chatId: chat }), null);
  } finally {
    await relay.stop();
  }
});

for (const [name, storage] of [
  ['not JSON', { getItem: () => '{', setItem() {}, removeItem() {} }],
  ['not a message', { getItem: () => '{"id":7}', setItem() {}, removeItem() {} }],
  ['full', {
    getItem: () => null, removeItem() {}, setItem() { throw new Error('full'); },
  }],
]) {
  test(`a storage that is of no use: ${name}`, async () => {
    const chat = newThread();

    transport = new ThreadChatTransport({ ...options, storage });
    assert.equal(await transport.reconnectToStream({ chatId: chat }), null);
    const stream = await ask(chat, [user('hello')]);
    (await agent.next()).answer('good day');
    assert.equal((await chunks(stream)).find(({ delta }) => delta).delta, 'good day');
  });
}
