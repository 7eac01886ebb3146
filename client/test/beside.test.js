/**
 * What a message may have beside its text, and what becomes of it.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, nextOf, startScript } from './helpers/chat.js';

const QUICK = { backoff: [5, 5, 5], restartSpreadMs: 5 };
const final = (requestId, rest) => ({ type: 'final', requestId, message: 'well', latencyMs: 1, ...rest });

async function begin(t) {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, threadId: 't', ...QUICK });
  const socket = await script.next();

  await socket.asked({}, { type: 'idle' });

  return { script, connection, socket };
}

test('parts, results, answers, parameters, metadata and what is replaced go with it', async (t) => {
  const { connection, socket } = await begin(t);
  const content = [{ type: 'text', text: 'half a pair: \ud800' },
    { type: 'image', url: 'data:image/png;base64,AA==', mediaType: 'image/png' }];
  const beside = {
    toolResults: [{ toolCallId: 'c1', output: { x: 1 } }],
    answers: [{ interruptId: 'i1', value: true }],
    replaces: 'r0',
    parameters: { temperature: 0 },
    metadata: { page: '/help' },
  };
  const run = connection.send(content, { requestId: 'r1', ...beside });

  assert.deepEqual(await socket.next(), {
    type: 'message', threadId: 't', requestId: 'r1', ...beside,
    content: [{ type: 'text', text: 'half a pair: \ufffd' }, content[1]],
  });
  assert.equal(run.content, content);
  assert.deepEqual(run.metadata, beside.metadata);
  socket.say(final('r1', { finishReason: 'interrupt', interrupts: [{ interruptId: 'i2', value: 'ok?' }] }));
  assert.deepEqual((await run).interrupts, [{ interruptId: 'i2', value: 'ok?' }]);
});

test('an answer to a question, and what tools gave, need no text', async (t) => {
  const { connection, socket } = await begin(t);

  for (const beside of [{ answers: [{ interruptId: 'i1', value: true }] },
    { toolResults: [{ toolCallId: 'c1', output: 1 }] }]) {
    const run = connection.send(undefined, { requestId: 'r1', ...beside });

    assert.deepEqual(await socket.next(),
      { type: 'message', threadId: 't', requestId: 'r1', ...beside });
    socket.say(final('r1'));
    await run;
  }
  for (const content of [undefined, '', [], 7, {}]) {
    await assert.rejects(connection.send(content), { code: 'INVALID_MESSAGE' });
  }
});

test('what cannot be sent is refused by its name, here or by the server', async (t) => {
  const { connection, socket } = await begin(t);

  await assert.rejects(connection.send('x', { headers: {} }), {
    code: 'INVALID_MESSAGE', retryable: false, message: '"headers" cannot be sent.',
  });
  assert.deepEqual(connection.runs, []);

  const run = connection.send('x', { requestId: 'r1', metadata: { a: 'b' }, headers: undefined });
  await socket.next();
  socket.say({ type: 'error', requestId: 'r1', code: 'INVALID_MESSAGE', retryable: false,
    message: 'no metadata here' });
  await assert.rejects(run, { code: 'INVALID_MESSAGE', message: 'no metadata here' });
});

test('it is sent again as it was', async (t) => {
  const { script, connection, socket } = await begin(t);

  connection.send([{ type: 'text', text: 'x' }], { requestId: 'r1', metadata: { a: 'b' } });
  const message = await socket.next();
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'r1' }, { type: 'idle' });
  assert.deepEqual(await next.next(), { type: 'follow' });
  assert.deepEqual(await next.next(), message);
});

test('a message of parts is known again, whoever has written it down', async (t) => {
  const { script, connection, socket } = await begin(t);
  const content = [{ type: 'text', text: 'x' }];
  const others = [];
  const run = connection.send(content, { requestId: 'r1' });

  assert.equal(connection.send([...content], { requestId: 'r1' }), run);
  await assert.rejects(connection.send([{ type: 'text', text: 'y' }], { requestId: 'r1' }),
    { code: 'DUPLICATE_REQUEST' });
  connection.on('run', (it) => others.push(it));
  await socket.next();
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'r1' },
    { type: 'following', requestId: 'r1', content: [{ text: 'x', type: 'text' }] },
    { type: 'message', requestId: 'o1', content, metadata: { a: 'b' } }, final('r1'));
  await run;
  while (!others.length) {
    await nextOf(connection, 'event');
  }
  assert.deepEqual(others.map((it) => [it.requestId, it.content, it.metadata, it.own]),
    [['o1', content, { a: 'b' }, false]]);
});

test('what an answer had said when it was stopped may be kept', async (t) => {
  const { connection, socket } = await begin(t);

  for (const kept of [true, undefined]) {
    const run = connection.send('x', { requestId: 'r1' });

    await socket.next();
    socket.say({ type: 'token', requestId: 'r1', value: 'half' });
    await nextOf(connection, 'event', ({ type }) => type === 'token');
    run.cancel();
    await socket.next();
    socket.say({ type: 'cancelled', requestId: 'r1', kept });
    await assert.rejects(run, { code: 'CANCELLED', kept: !!kept, partial: 'half' });
  }
});
