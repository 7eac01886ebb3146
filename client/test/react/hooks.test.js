/**
 * The hooks against the module, in StrictMode unless said otherwise.
 */

import assert from 'node:assert/strict';

import { useEffect, version } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, test } from 'vitest';

import { useChatMessages, useReconnection, useThreadConnection } from '../../src/react.js';
import { startAgent } from '../helpers/agent.js';
import { countingWebSocket } from '../helpers/count.js';
import { startGateway } from '../helpers/gateway.js';
import { startRelay } from '../helpers/net.js';
import { renderHook, unmountAll } from './render.js';

let agent;
let gateway;
let count;
let options;
let threads = 0;

const newThread = () => `hooks-${process.pid}-${++threads}`;

beforeAll(async () => {
  agent = await startAgent();
  gateway = await startGateway({ agent });
});

beforeEach(() => {
  const counting = countingWebSocket();

  count = counting.count;
  options = { url: gateway.wsUrl, WebSocket: counting.WebSocket };
});

afterEach(async () => {
  unmountAll();
  await count.allClosed();
});

afterAll(async () => {
  await gateway?.stop();
  await agent?.stop();
});

const isConnected = (hook) => hook.isConnected;
const isIdle = (hook) => !hook.isStreaming;
const texts = ({ messages }) => messages.map(({ role, content }) => [role, content]);

test('it is the version of React that is meant', () => {
  assert.equal(version.split('.')[0], process.env.REACT);
});

test('one socket is opened on mount, and closed on unmount', async () => {
  const hook = renderHook(useThreadConnection).render(newThread(), options);

  assert.equal(hook.current.status, 'connecting');
  await hook.until(isConnected);
  assert.equal(count.opened, 1);

  for (let i = 1; i <= 5; i++) {
    const run = hook.current.send(`${i}`);
    (await agent.next()).answer(`re ${i}`);
    assert.equal((await run).message, `re ${i}`);
  }
  assert.equal(count.opened, 1);

  hook.unmount();
  await count.allClosed();
  assert.throws(() => hook.current.send('x'), /no connection/);
});

test('another thread is another connection; rendering anew is not', async () => {
  const first = newThread();
  const hook = renderHook(useThreadConnection).render(first, options);

  await hook.until(isConnected);
  hook.render(first, { ...options });
  hook.render(first, { ...options });
  assert.equal(count.opened, 1);

  hook.render(newThread(), options);
  await hook.until((it) => it.isConnected && count.opened === 2);
  await count.until(({ open }) => open === 1);

  hook.render(null, options);
  await count.allClosed();
});

test('what it returns is the same while nothing changes', async () => {
  const thread = newThread();
  const hook = renderHook(useThreadConnection).render(thread, options);
  const { send, cancel, retry } = await hook.until(isConnected);
  const { current } = hook;

  hook.render(thread, { ...options });
  assert.equal(hook.current, current);
  assert.deepEqual([hook.current.send, hook.current.cancel, hook.current.retry],
    [send, cancel, retry]);
});

test('messages: written, sent, streamed, answered', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.setInput('hello'));
  await hook.until((it) => it.input === 'hello');
  hook.act((it) => it.sendMessage());
  await hook.until((it) => it.isStreaming && it.input === '');
  assert.deepEqual(texts(hook.current), [['user', 'hello']]);

  const asked = await agent.next();
  asked.token('good ');
  await hook.until((it) => it.messages[1]?.content === 'good ');
  assert.equal(hook.current.messages[1].status, 'streaming');
  asked.answer('day');

  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current), [['user', 'hello'], ['assistant', 'good day']]);
  assert.ok(hook.current.messages.every(({ status }) => status === 'done'));
  assert.equal(hook.current.sendMessage('  '), null);
});

test('cancel: the answer goes, the text returns to the input', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('long story'));
  const asked = await agent.next();
  asked.token('once');
  await hook.until((it) => it.messages.length === 2);

  hook.current.cancel();
  await hook.until(isIdle);
  assert.equal(await asked.aborted, true);
  assert.equal(hook.current.input, 'long story');
  assert.deepEqual(hook.current.messages, []);
  assert.equal(hook.current.error, null);
});

test('what is being written is not replaced by a cancelled text', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('first'));
  await agent.next();
  hook.act((it) => it.setInput('second th'));
  await hook.until((it) => it.input === 'second th');
  hook.current.cancel();
  await hook.until(isIdle);
  assert.equal(hook.current.input, 'second th');
});

test('sending while it streams cancels first', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('first'));
  const first = await agent.next();
  first.token('one');
  await hook.until((it) => it.messages.length === 2);

  hook.act((it) => it.sendMessage('second'));
  const second = await agent.next();
  assert.equal(await first.aborted, true);
  assert.equal(second.prompt, 'second');
  second.answer('two');

  await hook.until((it) => isIdle(it) && it.input === 'first');
  assert.deepEqual(texts(hook.current), [['user', 'second'], ['assistant', 'two']]);
  assert.equal(count.opened, 1);
});

test('a double click sends once', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);
  const before = agent.requests;

  hook.act((it) => it.setInput('once'));
  await hook.until((it) => it.input === 'once');
  const [a, b] = [hook.current.sendMessage(), hook.current.sendMessage('once')];
  assert.equal(a, b);
  assert.equal(hook.current.sendMessage(), null);

  (await agent.next()).answer('ok');
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
  assert.equal(agent.requests, before + 1);
});

test('the same text after a cancel is sent anew, and does not come back', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('story'));
  const first = await agent.next();
  first.token('once');
  await hook.until((it) => it.messages.length === 2);

  const run = hook.act((it) => {
    it.cancel();
    return it.sendMessage('story');
  });
  assert.equal(await first.aborted, true);
  (await agent.next()).answer('upon a time');
  assert.equal((await run).message, 'upon a time');
  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current), [['user', 'story'], ['assistant', 'upon a time']]);
  assert.equal(hook.current.input, '');
});

test('without a connection nothing is sent, and nothing lost', async () => {
  const hook = renderHook(useChatMessages).render(null, options);

  hook.act((it) => it.setInput('too early'));
  await hook.until((it) => it.input === 'too early');
  assert.equal(hook.act((it) => it.sendMessage()), null);
  assert.equal(hook.current.input, 'too early');
  assert.deepEqual(hook.current.messages, []);
  assert.equal(hook.current.isStreaming, false);

  hook.render(newThread(), options);
  await hook.until((it) => it.connection.isConnected);
  assert.equal(hook.act((it) => it.sendMessage('now')).content, 'now');
  (await agent.next()).answer('yes');
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
});

test('another url in mid-answer: it failed, and can be tried again there', async () => {
  const thread = newThread();
  const hook = renderHook(useChatMessages).render(thread, options);

  hook.act((it) => it.sendMessage('tell'));
  const asked = await agent.next();
  asked.token('part');
  await hook.until((it) => it.messages.length === 2);

  hook.render(thread, { ...options, url: `${options.url}?other` });
  await hook.until((it) => it.error);
  assert.equal(await asked.aborted, true);
  assert.equal(hook.current.isStreaming, false);
  assert.equal(hook.current.error.retryable, true);
  assert.deepEqual(hook.current.messages.map(({ role, status }) => [role, status]),
    [['user', 'failed']]);

  hook.act((it) => it.retry());
  (await agent.next()).answer('whole');
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
  assert.deepEqual(texts(hook.current), [['user', 'tell'], ['assistant', 'whole']]);
});

test('a message of the first effect is there once', async () => {
  const useGreeting = (...args) => {
    const chat = useChatMessages(...args);
    const { sendMessage } = chat;

    useEffect(() => { sendMessage('good day'); }, [sendMessage]);
    return chat;
  };
  const hook = renderHook(useGreeting).render(newThread(), options);

  (await agent.next()).answer('you too');
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
  assert.deepEqual(texts(hook.current), [['user', 'good day'], ['assistant', 'you too']]);
  assert.equal(hook.current.input, '');
  assert.equal(hook.current.error, null);
});

test('an error is told, and a retry keeps the requestId', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('try'));
  const half = await agent.next();
  half.token('half');
  await hook.until((it) => it.messages.length === 2);
  half.res.destroy();
  await hook.until((it) => it.error);
  const { error, messages: [message] } = hook.current;
  assert.equal(error.code, 'UPSTREAM_FAILED');
  assert.equal(error.retryable, true);
  assert.equal(message.status, 'failed');
  assert.equal(hook.current.messages.length, 1);

  const run = hook.current.retry();
  assert.equal(run.requestId, message.requestId);
  /* a double click */
  assert.equal(hook.current.retry(), run);
  (await agent.next()).answer('whole');
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
  assert.deepEqual(texts(hook.current), [['user', 'try'], ['assistant', 'whole']]);
  assert.equal(hook.current.error, null);
  assert.equal(hook.current.retry(), null);
});

test('a drop: partial text gone, attempts shown, retry answered once', async () => {
  const relay = await startRelay(gateway.port);
  const useBoth = (...args) => {
    const chat = useChatMessages(...args);
    return { ...chat, reconnection: useReconnection(chat.connection) };
  };
  const hook = renderHook(useBoth).render(newThread(),
    { ...options, url: `ws://127.0.0.1:${relay.port}/api/chat/ws` });

  try {
    hook.act((it) => it.sendMessage('tell'));
    (await agent.next()).token('part');
    await hook.until((it) => it.messages.length === 2);

    relay.refuse(true);
    relay.cut();
    await hook.until((it) => it.error);
    assert.equal(hook.current.error.code, 'CONNECTION_LOST');
    assert.deepEqual(texts(hook.current), [['user', 'tell']]);

    await hook.until((it) => it.reconnection.secondsLeft === 1);
    assert.deepEqual(
      (({ isReconnecting, attempt, maxAttempts, canRetry }) =>
        ({ isReconnecting, attempt, maxAttempts, canRetry }))(hook.current.reconnection),
      { isReconnecting: true, attempt: 1, maxAttempts: Infinity, canRetry: true });
    await hook.until((it) => it.reconnection.attempt === 2 && it.reconnection.secondsLeft === 2);
    await hook.until((it) => it.reconnection.secondsLeft === 1);

    relay.refuse(false);
    hook.current.reconnection.retry();
    await hook.until((it) => it.connection.isConnected);
    assert.equal(hook.current.reconnection.isReconnecting, false);

    hook.current.retry();
    (await agent.next()).answer('whole');
    await hook.until((it) => it.messages.length === 2 && isIdle(it));
    assert.equal(count.most, 1);
  } finally {
    hook.unmount();
    await relay.stop();
  }
});

test('another thread begins empty, and the old answer never shows', async () => {
  const hook = renderHook(useChatMessages).render(newThread(), options);

  hook.act((it) => it.sendMessage('old'));
  const asked = await agent.next();
  asked.token('old answer');
  await hook.until((it) => it.messages.length === 2);

  hook.render(newThread(), { ...options, initialMessages: [
    { id: '1', role: 'user', content: 'earlier' }] });
  await hook.until((it) => it.messages[0]?.content === 'earlier');
  assert.equal(await asked.aborted, true);
  assert.equal(hook.current.isStreaming, false);
  assert.equal(hook.current.messages.length, 1);

  hook.act((it) => it.sendMessage('new'));
  (await agent.next()).answer('new answer');
  await hook.until((it) => it.messages.length === 3 && isIdle(it));
});

test('mounting and unmounting leaves no socket and no listener', async () => {
  const times = Number(process.env.MOUNTS ?? 100);
  const listeners = new Map();
  const counted = (target) => {
    for (const [name, by] of [['addEventListener', 1], ['removeEventListener', -1]]) {
      const original = target[name];
      target[name] = (type, ...rest) => {
        listeners.set(type, (listeners.get(type) ?? 0) + by);
        return original.call(target, type, ...rest);
      };
    }
    return target;
  };
  const network = counted(new EventTarget());
  const { addEventListener, removeEventListener } = document;

  counted(document);
  try {
    for (let i = 0; i < times; i++) {
      const hook = renderHook(useChatMessages).render(newThread(), { ...options, network });

      /* at once, in mid-handshake, connected, in mid-answer */
      if (i % 4 === 1) {
        await count.until(({ open }) => open > 0);
      } else if (i % 4 === 2) {
        await hook.until((it) => it.connection.isConnected);
      } else if (i % 4 === 3) {
        hook.act((it) => it.sendMessage('x'));
        const asked = await agent.next();
        hook.unmount();
        assert.equal(await asked.aborted, true);
        continue;
      }
      hook.unmount();
    }
  } finally {
    Object.assign(document, { addEventListener, removeEventListener });
  }

  await count.allClosed();
  assert.ok(count.opened >= times / 2 && count.opened <= times);
  for (const type of ['online', 'offline', 'visibilitychange']) {
    assert.equal(listeners.get(type), 0, type);
  }
});
