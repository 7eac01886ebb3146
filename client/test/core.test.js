/**
 * The connection against the module: runs, cancel, errors, threads.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { WebSocket } from 'ws';

import { connect, countingWebSocket, history, newThread, nextOf, startPeer,
  stateOf, useGateway } from './helpers/chat.js';
import { createQueue } from './helpers/queue.js';

const context = useGateway();

test('five messages go over one socket', async (t) => {
  const { agent, gateway } = context;
  const { count, WebSocket } = countingWebSocket();
  const connection = connect(t, { url: gateway.wsUrl, WebSocket });

  for (let i = 1; i <= 5; i++) {
    const run = connection.send(`question ${i}`);
    const asked = await agent.next();

    assert.equal(asked.prompt, `question ${i}`);
    assert.equal(asked.messages.length, 2 * i - 1);
    asked.answer('ans', 'wer ', `${i}`);

    const final = await run;
    assert.equal(final.type, 'final');
    assert.equal(final.message, `answer ${i}`);
    assert.equal(final.requestId, run.requestId);
    assert.equal(typeof final.latencyMs, 'number');
  }

  assert.equal(count.opened, 1);
  assert.equal((await history(gateway, connection.threadId)).length, 10);

  const lines = await gateway.events(connection.threadId, 5);
  assert.equal(lines.filter(({ event }) => event === 'connected').length, 1);
  assert.equal(new Set(lines.map(({ connectionId }) => connectionId)).size, 1);
});

test('deltas come by onToken and by iteration, as they are sent', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const told = [];
  const run = connection.send('hello', { onToken: (delta) => told.push(delta) });
  const deltas = run[Symbol.asyncIterator]();
  const asked = await agent.next();

  asked.token('Grüße ');
  assert.deepEqual(await deltas.next(), { done: false, value: 'Grüße ' });
  assert.deepEqual(told, ['Grüße ']);

  asked.token('🌍');
  assert.deepEqual(await deltas.next(), { done: false, value: '🌍' });

  asked.finish();
  assert.equal((await deltas.next()).done, true);

  /* who comes late gets it all */
  let all = '';
  for await (const delta of run) {
    all += delta;
  }
  assert.equal(all, 'Grüße 🌍');
  assert.equal((await run).message, all);
  assert.equal(told.join(''), all);
});

test('a cancel ends the run and closes the agent\'s connection', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const run = connection.send('long');
  const asked = await agent.next();
  const deltas = run[Symbol.asyncIterator]();

  asked.token('one');
  await deltas.next();
  run.cancel();

  await assert.rejects(run, {
    name: 'AbortError', code: 'CANCELLED', requestId: run.requestId,
  });
  await assert.rejects(deltas.next(), { code: 'CANCELLED' });
  assert.equal(await asked.aborted, true);

  const next = connection.send('short');
  (await agent.next()).answer('two');
  assert.equal((await next).message, 'two');
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('a signal cancels; one that has fired sends nothing', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const controller = new AbortController();
  const run = connection.send('long', { signal: controller.signal });
  const asked = await agent.next();

  controller.abort();
  await assert.rejects(run, { code: 'CANCELLED' });
  assert.equal(await asked.aborted, true);

  const before = agent.requests;
  await assert.rejects(connection.send('never', { signal: controller.signal }),
    { code: 'CANCELLED' });

  const next = connection.send('next');
  (await agent.next()).answer('ok');
  await next;
  assert.equal(agent.requests, before + 1);
});

test('cancel and the next message in one breath', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const first = connection.send('first');
  const asked = await agent.next();
  const stray = [];
  let cancelled = false;

  asked.token('a');
  await nextOf(connection, 'event', (event) => event.type === 'token');

  connection.on('event', (event) => {
    cancelled ||= event.type === 'cancelled';
    if (cancelled && event.type === 'token' && event.requestId === first.requestId) {
      stray.push(event);
    }
  });

  first.cancel();
  const second = connection.send('second');

  await assert.rejects(first, { code: 'CANCELLED' });
  (await agent.next()).answer('b');
  assert.equal((await second).message, 'b');
  assert.equal(await asked.aborted, true);
  assert.deepEqual(stray, []);
});

test('a cancel after the end does nothing', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const run = connection.send('quick');

  (await agent.next()).answer('done');
  await run;
  run.cancel();
  connection.cancel(run.requestId);
  connection.cancel();

  const next = connection.send('again');
  (await agent.next()).answer('fine');
  assert.equal((await next).message, 'fine');
});

test('the same requestId while it runs is the same run', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const run = connection.send('once', { requestId: 'r1' });

  assert.equal(connection.send('once', { requestId: 'r1' }), run);
  await assert.rejects(connection.send('other', { requestId: 'r1' }),
    { code: 'DUPLICATE_REQUEST', retryable: false });

  (await agent.next()).answer('one');
  assert.equal((await run).message, 'one');
});

test('who asks again for what runs hears all of it, and can cancel it', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const controller = new AbortController();
  const told = [[], []];
  const [first, second] = told.map((list) => (delta) => list.push(delta));
  const run = connection.send('once', { requestId: 'r3', onToken: first });
  const asked = await agent.next();

  asked.token('one ');
  await run[Symbol.asyncIterator]().next();
  connection.send('once', { requestId: 'r3', onToken: second, signal: controller.signal });
  assert.deepEqual(told, [['one '], ['one ']]);

  asked.token('two');
  await nextOf(connection, 'event');
  assert.deepEqual(told, [['one ', 'two'], ['one ', 'two']]);

  controller.abort();
  await assert.rejects(run, { code: 'CANCELLED' });
  assert.equal(await asked.aborted, true);

  const next = connection.send('twice', { requestId: 'r4' });
  await agent.next();
  connection.send('twice', { requestId: 'r4', signal: controller.signal });
  await assert.rejects(next, { code: 'CANCELLED' });
});

test('messages are sent in the order in which they came', async (t) => {
  const commands = createQueue();
  const url = await startPeer(t, (socket) =>
    socket.on('message', (data) => commands.push(JSON.parse(String(data)))));
  const connection = connect(t, { url });
  const runs = [connection.send('first')];

  connection.on('state', ({ status }) => {
    if (status === 'connected') {
      runs.push(connection.send('second'));
    }
  });

  assert.equal((await commands.next()).content, 'first');
  assert.equal((await commands.next()).content, 'second');

  /* here, and not when the peer has gone before it, which were a loss */
  connection.close();
  assert.deepEqual((await Promise.allSettled(runs)).map(({ reason }) => reason.code),
    ['CLOSED', 'CLOSED']);
});

test('what is sent while the socket closes is kept for the next one', async (t) => {
  const { agent, gateway } = context;
  const sockets = [];
  const connection = connect(t, {
    url: gateway.wsUrl,
    backoff: [10],
    WebSocket: class extends WebSocket {
      constructor(...args) {
        super(...args);
        sockets.push(this);
      }
    },
  });

  await stateOf(connection, 'connected');
  sockets[0].close();
  assert.equal(connection.state.status, 'connected');

  const run = connection.send('not lost');
  (await Promise.race([agent.next(), run])).answer('indeed');
  assert.equal((await run).message, 'indeed');
  assert.equal(sockets.length, 2);
});

test('a listener that throws stops nobody else', async (t) => {
  const { agent, gateway } = context;
  const { queueMicrotask } = globalThis;
  const uncaught = [];
  const told = [];

  /* the runner takes what is uncaught for a failed test */
  t.mock.method(globalThis, 'queueMicrotask', (callback) => queueMicrotask(() => {
    try {
      callback();
    } catch (error) {
      uncaught.push(error.message);
    }
  }));

  const connection = connect(t, { url: gateway.wsUrl });
  connection.on('state', () => { throw new Error('its own fault'); });
  connection.on('state', ({ status }) => told.push(status));

  const run = connection.send('hello');
  (await Promise.race([agent.next(), run])).answer('good day');
  assert.equal((await run).message, 'good day');
  assert.deepEqual(told, ['connected']);
  assert.deepEqual(uncaught, ['its own fault']);
});

test('a requestId that is stored is answered from the store', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const run = connection.send('what?', { requestId: 'r2' });

  (await agent.next()).answer('that', ' is it');
  await run;

  const before = agent.requests;
  const again = connection.send('what?', { requestId: 'r2' });
  let text = '';

  for await (const delta of again) {
    text += delta;
  }

  assert.equal(text, 'that is it');
  assert.equal((await again).message, 'that is it');
  assert.equal(agent.requests, before);

  await assert.rejects(connection.send('other', { requestId: 'r2' }),
    { code: 'DUPLICATE_REQUEST' });
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('errors say whether a retry can help', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });

  const busy = connection.send('1');
  (await agent.next()).fail(429, 'slow down', { 'Retry-After': '7' });
  await assert.rejects(busy, {
    name: 'ThreadError', code: 'UPSTREAM_RATE_LIMITED', retryable: true,
    retryAfterMs: 7000, requestId: busy.requestId,
  });

  const refused = connection.send('2');
  (await agent.next()).fail(400, 'no such model');
  await assert.rejects(refused, { code: 'UPSTREAM_REJECTED', retryable: false });

  const cut = connection.send('3');
  const half = await agent.next();
  half.token('half');
  await cut[Symbol.asyncIterator]().next();
  half.res.destroy();
  await assert.rejects(cut, { code: 'UPSTREAM_FAILED', retryable: true });

  /* the same message again, under its own id */
  const retried = connection.send('3', { requestId: cut.requestId });
  (await agent.next()).answer('whole');
  assert.equal((await retried).message, 'whole');
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('what the server would refuse is refused here', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const invalid = { code: 'INVALID_MESSAGE', retryable: false };

  await assert.rejects(connection.send(''), invalid);
  await assert.rejects(connection.send('a\0b'), invalid);
  await assert.rejects(connection.send(/** @type {any} */ (7)), invalid);
  await assert.rejects(connection.send('x', { requestId: '"' }), invalid);
  await assert.rejects(connection.send('x', { requestId: 'ü' }), invalid);

  const run = connection.send('lone \ud800 surrogate');
  const asked = await agent.next();
  asked.answer('ok');
  await run;
  assert.equal(asked.prompt, 'lone \ufffd surrogate');
});

test('three threads keep their answers apart', async (t) => {
  const { agent, gateway } = context;
  const connections = [1, 2, 3].map(() => connect(t, { url: gateway.wsUrl }));
  const runs = connections.map((connection, i) => connection.send(`thread ${i}`));
  const asked = [await agent.next(), await agent.next(), await agent.next()];

  for (const run of asked) {
    run.token('re: ');
  }
  connections[1].close();
  await assert.rejects(runs[1], { code: 'CLOSED' });

  for (const run of asked) {
    if (run.prompt === 'thread 1') {
      assert.equal(await run.aborted, true);
    } else {
      run.answer(run.prompt);
    }
  }

  assert.equal((await runs[0]).message, 're: thread 0');
  assert.equal((await runs[2]).message, 're: thread 2');
});

test('close() at once opens no socket, and leaves no listener', async (t) => {
  const { gateway } = context;
  const { count, WebSocket } = countingWebSocket();
  const network = new EventTarget();
  let listeners = 0;

  network.addEventListener = () => { listeners++; };
  network.removeEventListener = () => { listeners--; };

  const connection = connect(t, { url: gateway.wsUrl, WebSocket, network });
  assert.ok(listeners > 0);
  connection.close();
  assert.equal(connection.state.status, 'closed');
  assert.equal(listeners, 0);

  await assert.rejects(connection.send('x'), { code: 'CLOSED' });
  connection.retry();
  await Promise.resolve();
  assert.equal(connection.state.status, 'closed');
  assert.equal(count.opened, 0);
});

test('a thread that the server refuses is not tried again', async (t) => {
  const { gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl, threadId: 'not valid!' });
  const run = connection.send('hello');
  const state = await stateOf(connection, 'disconnected');

  assert.equal(state.code, 1008);
  assert.equal(state.retryable, false);
  assert.ok(state.reason);
  await assert.rejects(run, { retryable: false, closeCode: 1008 });
  await assert.rejects(connection.send('again'),
    { code: 'CONNECTION_ENDED', retryable: false });
});

test('a message that is too large ends the connection, not the thread', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl, threadId: newThread() });

  await assert.rejects(connection.send('x'.repeat(2 << 20)),
    { code: 'CONNECTION_ENDED', retryable: false, closeCode: 1009 });

  const state = await stateOf(connection, 'disconnected');
  assert.equal(state.code, 1009);
  assert.equal(state.retryable, true);

  const run = connection.send('shorter');
  (await agent.next()).answer('better');
  assert.equal((await run).message, 'better');
});
