/**
 * What answers consist of, put together from events.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { grow, trackParts } from '../src/parts.js';
import { connect, nextOf, startScript, stateOf } from './helpers/chat.js';

const QUICK = { backoff: [5, 5, 5], restartSpreadMs: 5 };

const all = (...events) => events.reduce((parts, event) =>
  grow(parts, { requestId: 'r1', position: 1, ...event }), []);
const text = (value, rest) => ({ type: 'token', value, ...rest });

test('text and thoughts grow; what comes between parts them', () => {
  assert.deepEqual(all(
    { type: 'reasoning', value: 'hm' }, { type: 'reasoning', value: 'm' },
    text('one '), text('two'), { type: 'alive' },
    { type: 'reasoning', value: 'oh' }, text(' three'),
  ), [
    { type: 'reasoning', text: 'hmm' }, { type: 'text', text: 'one two' },
    { type: 'reasoning', text: 'oh' }, { type: 'text', text: ' three' },
  ]);
  assert.deepEqual(all(text('a', { message: 'm1' }), text('b', { message: 'm2' })),
    [{ type: 'text', text: 'a', message: 'm1' }, { type: 'text', text: 'b', message: 'm2' }]);
});

test('calls of tools, several at once, each to its result', () => {
  assert.deepEqual(all(
    { type: 'tool-call', toolCallId: 'a', name: 'look' },
    { type: 'tool-call', toolCallId: 'b', name: 'find' },
    { type: 'tool-input', toolCallId: 'a', value: '{"x"' },
    { type: 'tool-input', toolCallId: 'b', value: '1' },
    { type: 'tool-input', toolCallId: 'a', value: ':1}' },
    { type: 'tool-call-end', toolCallId: 'a', input: { x: 1 } },
    text('so '),
    { type: 'tool-result', toolCallId: 'a', output: 0 },
    { type: 'tool-result', toolCallId: 'b', error: 'nothing' },
    { type: 'tool-result', toolCallId: 'earlier', output: 'late' },
  ), [
    { type: 'tool', toolCallId: 'a', name: 'look', text: '{"x":1}', input: { x: 1 }, output: 0 },
    { type: 'tool', toolCallId: 'b', name: 'find', text: '1', error: 'nothing' },
    { type: 'text', text: 'so ' },
    { type: 'tool', toolCallId: 'earlier', text: '', output: 'late' },
  ]);
});

test('sources and data; what is not known is passed over', () => {
  assert.deepEqual(all({ type: 'source', url: 'https://a/', title: 'A' },
    { type: 'data', name: 'chart', value: [1] }, { type: 'news', value: 'x' }),
  [{ type: 'source', url: 'https://a/', title: 'A' }, { type: 'data', name: 'chart', value: [1] }]);
});

test('nothing is altered that was given before', () => {
  const first = all({ type: 'tool-call', toolCallId: 'a', name: 'look' }, text('a'));
  const copy = structuredClone(first);

  grow(first, { type: 'tool-result', toolCallId: 'a', output: 1 });
  grow(first, text('b'));
  assert.deepEqual(first, copy);
  assert.equal(grow(first, { type: 'alive', requestId: 'r1' }), first);
});

async function begin(t) {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK });
  const told = [];

  trackParts(connection, (requestId, parts) => told.push([requestId, structuredClone(parts)]));
  const socket = await script.next();
  await socket.asked({}, { type: 'idle' });
  const run = connection.send('tell', { requestId: 'r1' });
  await socket.next();

  return { script, connection, told, socket, run };
}

const say = (type, position, rest) => ({ type, requestId: 'r1', position, ...rest });
const final = (message, position) => say('final', position, { message, latencyMs: 1 });

test('over a loss they go on where they were, or begin anew where all is told again', async (t) => {
  const { script, connection, told, socket, run } = await begin(t);
  const half = nextOf(connection, 'event', ({ type }) => type === 'token');

  socket.say(say('reasoning', 5, { value: 'hm' }), say('token', 9, { value: 'one ' }));
  await half;
  socket.drop();
  const next = await script.next();
  const more = nextOf(connection, 'event', ({ position }) => position === 12);
  await next.asked({ requestId: 'r1', after: 9 }, say('following', 9, { content: 'tell' }),
    say('token', 12, { value: 'two' }));
  await more;
  const thus = [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'one two' }];
  assert.deepEqual(told.at(-1), ['r1', thus]);

  next.drop();
  const last = await script.next();
  await last.asked({ requestId: 'r1', after: 12 }, say('following', 0, { content: 'tell' }),
    say('reasoning', 5, { value: 'hm' }), say('token', 12, { value: 'one two' }),
    say('token', 14, { value: '!' }), final('one two!', 15));
  await run;
  assert.deepEqual(told.at(-1), ['r1', [thus[0], { type: 'text', text: 'one two!' }]]);
  assert.equal(told.length, 3 + 1 + 3);
});

test('an answer that begins anew, and an end that says something else', async (t) => {
  const { told, socket, run } = await begin(t);

  socket.say(say('token', 1, { value: 'wrong' }), say('reset', 2),
    say('tool-call', 3, { toolCallId: 'a', name: 'look' }), say('token', 4, { value: 'ri' }),
    final('right', 5));
  await run;
  assert.deepEqual(told.map(([, parts]) => parts.map((part) => part.text)),
    [['wrong'], [], [''], ['', 'ri'], ['', 'right']]);
});

test('a server without positions: what a lost socket had said is of the past', async (t) => {
  const { script, connection, told, socket, run } = await begin(t);
  const half = nextOf(connection, 'event', ({ type }) => type === 'token');

  socket.say({ type: 'token', requestId: 'r1', value: 'half' });
  await half;
  socket.drop();
  const next = await script.next();
  await next.asked({ requestId: 'r1' },
    { type: 'error', code: 'INVALID_MESSAGE', message: 'no', retryable: false });
  await assert.rejects(run, { code: 'CONNECTION_LOST' });

  const again = connection.send('tell', { requestId: 'r1' });
  await next.next();
  next.say({ type: 'token', requestId: 'r1', value: 'whole' },
    { type: 'final', requestId: 'r1', message: 'whole', latencyMs: 1 });
  await again;
  assert.deepEqual(told.at(-1), ['r1', [{ type: 'text', text: 'whole' }]]);
  await stateOf(connection, 'connected');
});
