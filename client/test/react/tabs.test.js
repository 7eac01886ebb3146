/**
 * The hooks on a server that lets runs be followed, which does as its script
 * says; in StrictMode.
 */

import assert from 'node:assert/strict';

import { WebSocket } from 'ws';
import { afterEach, test } from 'vitest';

import { trackParts } from '../../src/parts.js';
import { useChatMessages } from '../../src/react.js';
import { startScript } from '../helpers/peer.js';
import { renderHook, unmountAll } from './render.js';

const cleanUps = [];

afterEach(() => {
  unmountAll();
  cleanUps.splice(0).forEach((cleanUp) => cleanUp());
});

const token = (requestId, value, position) => ({ type: 'token', requestId, value, position });
const final = (requestId, message) => ({ type: 'final', requestId, message, latencyMs: 1 });
const following = (requestId, content) => ({ type: 'following', requestId, content });
const texts = ({ messages }) => messages.map(({ role, content }) => [role, content]);
const isIdle = (hook) => !hook.isStreaming;

/* a thread that is shown, and its first socket, which has said its follow */
async function show(options, ...answer) {
  return showIn({}, options, ...answer);
}

async function showIn(root, options, ...answer) {
  const script = await startScript({ after: (cleanUp) => cleanUps.push(cleanUp) });
  const hook = renderHook(useChatMessages, root).render('t', {
    url: script.url, WebSocket, backoff: [5], ...options,
  });
  const socket = await script.next();

  await socket.asked({}, ...answer);

  return { script, hook, socket };
}

test('a page that is loaded in mid-answer shows it', async () => {
  const { hook, socket } = await show({}, following('r1', 'tell'), token('r1', 'one ', 1));

  await hook.until((it) => it.messages[1]?.content === 'one ');
  assert.equal(hook.current.isStreaming, true);
  socket.say(token('r1', 'two', 2), final('r1', 'one two'));
  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current), [['user', 'tell'], ['assistant', 'one two']]);
  assert.ok(hook.current.messages.every(({ status }) => status === 'done'));
});

test('what another tab asks is shown in its place, and can be stopped here', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });

  hook.act((it) => it.sendMessage('mine'));
  const { requestId } = await socket.next();
  socket.say(token(requestId, 'for ', 1), { type: 'message', requestId: 'x', content: 'theirs' },
    token('x', 'not ', 1), token(requestId, 'me', 2), final(requestId, 'for me'));
  await hook.until((it) => it.messages.length === 4);
  assert.deepEqual(texts(hook.current), [['user', 'mine'], ['assistant', 'for me'],
    ['user', 'theirs'], ['assistant', 'not ']]);
  assert.equal(hook.current.isStreaming, true);

  hook.act((it) => it.setInput('being written'));
  hook.current.cancel();
  assert.deepEqual(await socket.next(), { type: 'cancel', requestId: 'x' });
  socket.say({ type: 'cancelled', requestId: 'x' });
  await hook.until(isIdle);
  assert.equal(hook.current.messages.length, 2);
  assert.equal(hook.current.input, 'being written');
});

test('a loss in mid-answer shows nothing but the answer', async () => {
  const { script, hook, socket } = await show({}, { type: 'idle' });
  const seen = new Set();

  hook.act((it) => it.sendMessage('tell'));
  const { requestId } = await socket.next();
  socket.say(token(requestId, 'one ', 1));
  await hook.until((it) => it.messages.length === 2);
  socket.close(1012);

  const next = await script.next();
  await next.asked({ requestId, after: 1 }, { ...following(requestId, 'tell'), position: 1 },
    token(requestId, 'two', 2));
  await hook.until((it) => {
    seen.add(`${it.error} ${it.isStreaming} ${it.messages.length}`);
    return it.messages[1]?.content === 'one two';
  });
  next.say(final(requestId, 'one two'));
  await hook.until(isIdle);
  assert.deepEqual([...seen], ['null true 2']);
});

test('the history comes first, and again when the thread has grown', async () => {
  let past = [
    { id: 'r1', role: 'user', content: 'q1', requestId: 'r1' },
    { id: 'r1-answer', role: 'assistant', content: 'a1', requestId: 'r1' },
  ];
  let loads = 0;
  const loadHistory = async (threadId) => {
    assert.equal(threadId, 't');
    loads++;
    return past;
  };
  const { script, hook, socket } = await show({ loadHistory }, { type: 'idle', lastRequestId: 'r1' });

  await hook.until((it) => it.messages.length === 2);
  const once = loads;

  hook.act((it) => it.sendMessage('q2'));
  const { requestId } = await socket.next();
  socket.say(final(requestId, 'a2'));
  await hook.until((it) => isIdle(it) && it.messages.length === 4);

  past = [...past, ...hook.current.messages.slice(2),
    { id: 'r3', role: 'user', content: 'q3', requestId: 'r3' },
    { id: 'r3-answer', role: 'assistant', content: 'a3', requestId: 'r3' }];
  socket.drop();
  await (await script.next()).asked({}, { type: 'idle', lastRequestId: 'r3' });
  await hook.until((it) => it.messages.length === 6);
  assert.deepEqual(hook.current.messages.map(({ content }) => content),
    ['q1', 'a1', 'q2', 'a2', 'q3', 'a3']);
  assert.equal(loads, once + 1);
});

test('a partial answer stays where that is wanted', async () => {
  const { hook, socket } = await show({ keepPartial: true }, { type: 'idle' });

  hook.act((it) => it.sendMessage('long'));
  const first = await socket.next();
  socket.say(token(first.requestId, 'once upon', 1));
  await hook.until((it) => it.messages.length === 2);
  hook.current.cancel();
  await socket.next();
  socket.say({ type: 'cancelled', requestId: first.requestId });
  await hook.until(isIdle);
  assert.deepEqual(hook.current.messages.map(({ content, status }) => [content, status]),
    [['long', 'stopped'], ['once upon', 'stopped']]);
  assert.equal(hook.current.input, '');

  hook.act((it) => it.sendMessage('other'));
  const second = await socket.next();
  socket.say(token(second.requestId, 'half', 2), {
    type: 'error', requestId: second.requestId, code: 'UPSTREAM_FAILED', message: 'no', retryable: true,
  });
  await hook.until((it) => it.error);
  assert.deepEqual(hook.current.messages.slice(2).map(({ content, status }) => [content, status]),
    [['other', 'failed'], ['half', 'stopped']]);

  hook.act((it) => it.retry());
  assert.equal((await socket.next()).requestId, second.requestId);
  socket.say(token(second.requestId, 'whole', 3), final(second.requestId, 'whole'));
  await hook.until((it) => isIdle(it) && it.messages.length === 4);
  assert.deepEqual(texts(hook.current).slice(2), [['user', 'other'], ['assistant', 'whole']]);
});

test('an answer that grows is not rendered with each delta', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });

  hook.act((it) => it.sendMessage('long'));
  const { requestId } = await socket.next();
  const before = hook.renders;
  socket.say(...Array.from({ length: 2000 }, () => token(requestId, 'x')),
    final(requestId, 'x'.repeat(2000)));
  await hook.until((it) => isIdle(it) && it.messages[1]?.content.length === 2000);
  assert.ok(hook.renders - before < 1000, `${hook.renders - before}`);
});

test('how often it is can be chosen', async () => {
  const { hook, socket } = await show({ throttleMs: 1e6 }, { type: 'idle' });
  let deltas = 0;

  hook.act((it) => it.sendMessage('long'));
  const { requestId } = await socket.next();
  hook.current.connection.connectionRef.current.on('event', ({ type }) => {
    deltas += type === 'token';
  });
  socket.say(token(requestId, 'a'), token(requestId, 'b'), { type: 'message', requestId: 'x', content: 'sign' });
  await hook.until((it) => it.messages.length === 2);
  assert.equal(deltas, 2);
  assert.deepEqual(texts(hook.current), [['user', 'long'], ['user', 'sign']]);

  socket.say(final(requestId, 'ab'), final('x', 'y'));
  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current), [['user', 'long'], ['assistant', 'ab'],
    ['user', 'sign'], ['assistant', 'y']]);
});

test('an answer has its parts, where they are asked for', async () => {
  const { hook, socket } = await show({ parts: trackParts }, { type: 'idle' });

  hook.act((it) => it.sendMessage('tell', { metadata: { a: 'b' } }));
  const { requestId, metadata } = await socket.next();
  assert.deepEqual(metadata, { a: 'b' });
  socket.say({ type: 'reasoning', requestId, value: 'hm', position: 1 });
  await hook.until((it) => it.messages.length === 2);
  assert.equal(hook.current.messages[1].content, '');
  assert.deepEqual(hook.current.messages[1].parts, [{ type: 'reasoning', text: 'hm' }]);

  socket.say({ type: 'tool-call', requestId, toolCallId: 'c', name: 'look', position: 2 },
    token(requestId, 'well', 3), { ...final(requestId, 'well'), finishReason: 'interrupt',
      interrupts: [{ interruptId: 'i', value: 'really?' }] });
  await hook.until(isIdle);
  const { parts, interrupts, finishReason } = hook.current.messages[1];
  assert.deepEqual(parts.map(({ type }) => type), ['reasoning', 'tool', 'text']);
  assert.equal(finishReason, 'interrupt');

  /* which is answered without a word */
  hook.act((it) => it.sendMessage('', { answers: [{ interruptId: interrupts[0].interruptId, value: true }] }));
  const { requestId: other, ...answer } = await socket.next();
  assert.deepEqual(answer, { type: 'message', threadId: 't', answers: [{ interruptId: 'i', value: true }] });
  socket.say(final(other, 'done'));
  await hook.until(isIdle);
  assert.equal(hook.current.messages.at(-1).content, 'done');
});

test('what is replaced gives way, and is back if that fails', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });
  const say = async (text, options) => {
    hook.act((it) => it.sendMessage(text, options));
    return (await socket.next()).requestId;
  };
  const answered = async (requestId, text) => {
    socket.say(final(requestId, text));
    await hook.until(isIdle);
  };
  const first = await say('one');
  await answered(first, 'eins');
  const second = await say('two');
  await answered(second, 'zwei');

  const failed = await say('other', { replaces: first });
  await hook.until((it) => it.messages.length === 1);
  assert.deepEqual(texts(hook.current), [['user', 'other']]);
  socket.say({ type: 'error', requestId: failed, code: 'UPSTREAM_FAILED', message: 'no', retryable: true });
  await hook.until((it) => isIdle(it) && it.error);
  const both = [['user', 'one'], ['assistant', 'eins'], ['user', 'two'], ['assistant', 'zwei']];
  assert.deepEqual(texts(hook.current), [...both, ['user', 'other']]);

  /* which can be tried again, all of it, as often as it takes */
  for (const _ of [1, 2]) {
    hook.act((it) => it.retry());
    await hook.until((it) => it.messages.length === 1);
    const { requestId, replaces } = await socket.next();
    assert.deepEqual([requestId, replaces], [failed, first]);
    socket.say({ type: 'error', requestId, code: 'UPSTREAM_FAILED', message: 'no', retryable: true });
    await hook.until((it) => isIdle(it) && it.error);
    assert.deepEqual(texts(hook.current), [...both, ['user', 'other']]);
  }

  await answered(await say('two', { replaces: second }), 'deux');
  assert.deepEqual(texts(hook.current),
    [['user', 'one'], ['assistant', 'eins'], ['user', 'two'], ['assistant', 'deux']]);
});

test('a message is edited, and answered anew', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });
  const asks = async (call, text) => {
    hook.act(call);
    const { type, threadId, requestId, ...message } = await socket.next();
    socket.say(final(requestId, text));
    await hook.until(isIdle);
    return [requestId, message];
  };
  const metadata = { page: '/' };

  assert.equal(hook.current.regenerate(), null);
  const [first] = await asks((it) => it.sendMessage('one', { metadata }), 'eins');
  const [second] = await asks((it) => it.sendMessage('two'), 'zwei');

  const [third, again] = await asks((it) => it.regenerate(), 'deux');
  assert.deepEqual(again, { content: 'two', replaces: second });
  const [, edited] = await asks((it) => it.edit(third, 'three', { metadata }), 'trois');
  assert.deepEqual(edited, { content: 'three', replaces: third, metadata });
  assert.deepEqual(texts(hook.current),
    [['user', 'one'], ['assistant', 'eins'], ['user', 'three'], ['assistant', 'trois']]);

  /* with all that it was sent with */
  const [fifth, named] = await asks((it) => it.regenerate(first), 'uno');
  assert.deepEqual(named, { content: 'one', replaces: first, metadata });
  assert.deepEqual(texts(hook.current), [['user', 'one'], ['assistant', 'uno']]);

  /* and without a text of its own what is in the input */
  hook.act((it) => it.setInput('typed'));
  const [, typed] = await asks((it) => it.edit(fifth), 'ja');
  assert.deepEqual(typed, { content: 'typed', replaces: fifth });
  assert.equal(hook.current.input, '');
});

test('what another tab replaces gives way here, too', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });
  const elsewhere = async (requestId, content, replaces) => {
    socket.say({ type: 'message', requestId, content, replaces });
    socket.say(token(requestId, `${content}!`, 1));
    await hook.until((it) => it.messages.at(-1)?.content === `${content}!`);
  };
  const end = async (event) => {
    socket.say(event);
    await hook.until(isIdle);
    return texts(hook.current);
  };
  const kept = [['user', 'one'], ['assistant', 'one!']];

  await elsewhere('r1', 'one');
  assert.deepEqual(await end(final('r1', 'one!')), kept);
  await elsewhere('r2', 'other', 'r1');
  assert.deepEqual(texts(hook.current), [['user', 'other'], ['assistant', 'other!']]);
  assert.deepEqual(await end({ type: 'cancelled', requestId: 'r2' }), kept);

  /* of a run that is not shown here nothing gives way */
  await elsewhere('r3', 'three', 'r0');
  assert.deepEqual(await end(final('r3', 'three!')),
    [...kept, ['user', 'three'], ['assistant', 'three!']]);
});

test('what gives way is back where the page came in mid-edit', async () => {
  const past = ['r1', 'r2'].flatMap((requestId) => [
    { id: requestId, role: 'user', content: `${requestId}?`, requestId },
    { id: `${requestId}-answer`, role: 'assistant', content: `${requestId}!`, requestId },
  ]);
  const all = past.map(({ role, content }) => [role, content]);
  const failure = { type: 'error', code: 'UPSTREAM_FAILED', message: 'no', retryable: true };

  for (const [end, left] of [[{ type: 'cancelled' }, all], [failure, [...all, ['user', 'other']]],
    [{ type: 'cancelled', kept: true }, [['user', 'other'], ['assistant', 'half']]]]) {
    let load;
    const loading = new Promise((resolve) => { load = () => resolve(past); });
    const { hook, socket } = await show({ loadHistory: () => loading },
      { ...following('r3', 'other'), replaces: 'r1' }, token('r3', 'half', 1));

    /* which is told before the history is there */
    await hook.current.connection.connectionRef.current.underWay();
    load();
    await hook.until((it) => it.messages[1]?.content === 'half');
    assert.deepEqual(texts(hook.current), [['user', 'other'], ['assistant', 'half']]);
    socket.say({ ...end, requestId: 'r3' });
    await hook.until(isIdle);
    assert.deepEqual(texts(hook.current), left);
  }
});

test('what is said while an edit runs stays, however that ends', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });
  const elsewhere = async (requestId, content, replaces) => {
    socket.say({ type: 'message', requestId, content, replaces });
    await hook.until((it) => it.messages.at(-1)?.content === content);
  };

  await elsewhere('r1', 'one');
  socket.say(final('r1', 'eins'));
  await elsewhere('r2', 'other', 'r1');
  hook.act((it) => it.setMessages((list) => [...list, { id: 'n', role: 'assistant', content: 'note' }]));
  assert.deepEqual(texts(hook.current), [['user', 'other'], ['assistant', 'note']]);
  socket.say({ type: 'cancelled', requestId: 'r2' });
  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current),
    [['user', 'one'], ['assistant', 'eins'], ['assistant', 'note']]);
});

test('what is edited while its answer comes is back, where that was complete', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });
  const ask = async (call) => {
    hook.act(call);
    return (await socket.next()).requestId;
  };
  const first = await ask((it) => it.sendMessage('one'));
  socket.say(final(first, 'eins'));
  await hook.until(isIdle);

  const second = await ask((it) => it.edit(first, 'two'));
  hook.act((it) => it.edit(second, 'three'));
  assert.deepEqual(await socket.next(), { type: 'cancel', requestId: second });
  const { requestId: third } = await socket.next();
  assert.deepEqual(texts(hook.current), [['user', 'three']]);
  socket.say(final(second, 'zwei'), token(third, 'drei', 1));
  await hook.until((it) => it.messages.length === 2);
  assert.deepEqual(texts(hook.current), [['user', 'three'], ['assistant', 'drei']]);
  socket.say({ type: 'cancelled', requestId: third });
  await hook.until(isIdle);
  assert.deepEqual(texts(hook.current), [['user', 'two'], ['assistant', 'zwei']]);
});

/* where each change is rendered at once: that of React 17 */
test.runIf(process.env.REACT === '18').each([true, false])(
  'what gives way is back in a root of the older kind, too; StrictMode: %s', async (strict) => {
    const { hook, socket } = await showIn({ strict, legacy: true }, {}, { type: 'idle' });
    const ask = async (call) => {
      call(hook.current);
      return (await socket.next()).requestId;
    };
    const ends = async (event) => {
      socket.say(event);
      await hook.until(isIdle);
    };
    const both = [['user', 'one'], ['assistant', 'eins'], ['user', 'two'], ['assistant', 'zwei']];
    const first = await ask((it) => it.sendMessage('one'));
    await ends(final(first, 'eins'));
    await ends(final(await ask((it) => it.sendMessage('two')), 'zwei'));

    const edited = await ask((it) => it.edit(first, 'other'));
    assert.deepEqual(texts(hook.current), [['user', 'other']]);
    await ends({ type: 'cancelled', requestId: edited });
    assert.deepEqual(texts(hook.current), both);

    const again = await ask((it) => it.regenerate(first));
    await ends({ type: 'error', requestId: again, code: 'UPSTREAM_FAILED', message: 'no', retryable: true });
    assert.deepEqual(texts(hook.current), [...both, ['user', 'one']]);
    await ends(final(await ask((it) => it.retry()), 'uno'));
    assert.deepEqual(texts(hook.current), [['user', 'one'], ['assistant', 'uno']]);
  });

test('the error of a message that failed elsewhere goes with the next; all of it is tried again', async () => {
  const missing = new Error('no history');
  const { hook, socket } = await show({ loadHistory: async () => { throw missing; } }, { type: 'idle' });
  const failure = { type: 'error', code: 'UPSTREAM_FAILED', message: 'no', retryable: true };
  const fails = async (message) => {
    socket.say({ type: 'message', ...message }, { ...failure, requestId: message.requestId });
    await hook.until((it) => it.error?.requestId === message.requestId);
  };

  /* what could not be loaded is still not there */
  await hook.until((it) => it.error);
  socket.say({ type: 'message', requestId: 'r1', content: 'one' }, final('r1', 'eins'));
  await hook.until((it) => it.messages.length === 2 && isIdle(it));
  assert.equal(hook.current.error, missing);

  await fails({ requestId: 'r2', content: 'other', replaces: 'r1' });
  socket.say({ type: 'message', requestId: 'r2', content: 'other', replaces: 'r1' });
  await hook.until((it) => !it.error);
  assert.equal(hook.current.messages.at(-1).error, undefined);
  socket.say({ ...failure, requestId: 'r2' });
  await hook.until((it) => it.error);

  hook.act((it) => it.retry());
  const { requestId, replaces } = await socket.next();
  assert.deepEqual([requestId, replaces], ['r2', 'r1']);
});

test('what the server keeps of a stopped answer stays; a retry says all again', async () => {
  const { hook, socket } = await show({}, { type: 'idle' });

  hook.act((it) => it.sendMessage('tell'));
  const { requestId } = await socket.next();
  socket.say(token(requestId, 'half', 1));
  await hook.until((it) => it.messages.length === 2);
  hook.current.cancel();
  await socket.next();
  socket.say({ type: 'cancelled', requestId, kept: true });
  await hook.until(isIdle);
  assert.deepEqual(hook.current.messages.map(({ content, status }) => [content, status]),
    [['tell', 'stopped'], ['half', 'stopped']]);
  assert.equal(hook.current.input, '');

  hook.act((it) => it.sendMessage('more', { metadata: { a: 'b' } }));
  const message = await socket.next();
  socket.say({ type: 'error', requestId: message.requestId, code: 'UPSTREAM_FAILED', message: 'no',
    retryable: true });
  await hook.until((it) => isIdle(it) && it.error);
  hook.act((it) => it.retry());
  assert.deepEqual(await socket.next(), message);
});
