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
import { startScript } from '../helpers/peer.js';
import { renderHook, unmountAll } from './render.js';

let agent;
let gateway;
let count;
let transport;
let options;
let threads = 0;

const cleanUps = [];

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
  cleanUps.splice(0).forEach((cleanUp) => cleanUp());
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
  const half = await agent.next();
  half.token('half');
  const rest = [];
  await assert.rejects(async () => {
    for await (const chunk of failed) {
      rest.push(chunk);
      if (chunk.delta) {
        half.res.destroy();
      }
    }
  }, { code: 'UPSTREAM_FAILED', retryable: true });
  assert.equal(rest.map(({ delta = '' }) => delta).join(''), 'half');
  assert.equal(rest.at(-1).type, 'text-end');
});

test('useChat: its error is the run\'s, with all that it says', async () => {
  const hook = renderHook(useChat).render({ id: newThread(), transport });

  hook.act((it) => { it.sendMessage({ text: 'try' }); });
  (await agent.next()).fail(429, 'slow down', { 'Retry-After': '7' });
  await hook.until(is('error'));
  const { code, retryable, retryAfterMs } = hook.current.error;
  assert.deepEqual({ code, retryable, retryAfterMs },
    { code: 'UPSTREAM_RATE_LIMITED', retryable: true, retryAfterMs: 7000 });
});

test('what cannot be sent is refused by name, or left out where that is said', async () => {
  const chat = newThread();
  const file = { type: 'file', mediaType: 'text/plain', url: 'data:,x' };
  const reply = { id: 'a1', role: 'assistant', parts: [{ type: 'text', text: 'so' }] };

  for (const [name, messages, rest] of [
    ['files', [{ ...user('see'), parts: [file, { type: 'text', text: 'see' }] }], {}],
    ['tools', [user('q'), reply], {}],
    ['headers', [user('q')], { headers: { 'X-A': 'b' } }],
    ['body', [user('q')], { body: { model: 'large' } }],
    ['metadata', [user('q')], { metadata: { a: 1 } }],
  ]) {
    await assert.rejects(ask(chat, messages, rest),
      { code: 'INVALID_MESSAGE', retryable: false, message: new RegExp(` ${name}\\.`) });

    const lax = new ThreadChatTransport({ ...options, ignore: [name] });
    try {
      const stream = await lax.sendMessages({ trigger: 'submit-message', chatId: newThread(), messages, ...rest });
      (await agent.next()).answer('ok');
      assert.equal((await chunks(stream)).at(-1).type, 'finish');
    } finally {
      lax.close();
    }
  }

  /* what is empty is nothing */
  const stream = await ask(chat, [user('q')], { headers: {}, body: {} });
  (await agent.next()).answer('ok');
  await chunks(stream);
});

test('useChat: an answer that another page awaits goes on here', async () => {
  const script = await startScript({ after: (cleanUp) => cleanUps.push(cleanUp) });
  const own = new ThreadChatTransport({ ...options, url: script.url });

  cleanUps.push(() => own.close());
  const hook = renderHook(useChat, { strict: false })
    .render({ id: newThread(), transport: own, resume: true });
  const socket = await script.next();
  await socket.asked({}, { type: 'following', requestId: 'r1', content: 'tell' },
    { type: 'token', requestId: 'r1', value: 'one ' });
  await hook.until((it) => it.messages.length === 1 && textOf(it.messages[0]) === 'one ');
  assert.equal(hook.current.messages[0].id, 'r1-answer');
  socket.say({ type: 'token', requestId: 'r1', value: 'two' },
    { type: 'final', requestId: 'r1', message: 'one two', latencyMs: 1 });
  await hook.until((it) => it.status === 'ready' && textOf(it.messages[0]) === 'one two');
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
    await assert.rejects(chunks(lost), { code: 'CLOSED' });
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
