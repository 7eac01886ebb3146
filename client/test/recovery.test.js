/**
 * Drops, restarts and silence: the connection's recovery.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { createRuns } from '../src/runs.js';
import { connect, countingWebSocket, history, nextOf, startPeer, stateOf,
  useGateway } from './helpers/chat.js';
import { freePort, startRelay } from './helpers/net.js';

const context = useGateway();

const QUICK = { backoff: [10, 20, 40] };
const THRICE = { ...QUICK, retryEveryMs: 0 };

async function relay(t) {
  const it = await startRelay(context.gateway.port);
  t.after(() => it.stop());
  return { relay: it, url: `ws://127.0.0.1:${it.port}/api/chat/ws` };
}

test('a drop in mid-answer: told, partial text gone, retry gives the whole', async (t) => {
  const { agent, gateway } = context;
  const { relay: between, url } = await relay(t);
  const { count, WebSocket } = countingWebSocket();
  const connection = connect(t, { url, WebSocket, ...QUICK });
  const run = connection.send('tell me');
  const deltas = run[Symbol.asyncIterator]();
  const asked = await agent.next();

  asked.token('part');
  await deltas.next();
  const told = stateOf(connection, 'reconnecting');
  between.cut();

  await assert.rejects(run, {
    code: 'CONNECTION_LOST', retryable: true, requestId: run.requestId,
  });
  await assert.rejects(deltas.next(), { code: 'CONNECTION_LOST' });
  assert.equal((await told).attempt, 1);
  assert.equal(await asked.aborted, true);

  await stateOf(connection, 'connected');
  const retried = connection.send('tell me', { requestId: run.requestId });
  (await agent.next()).answer('all', ' of it');
  assert.equal((await retried).message, 'all of it');
  assert.equal((await history(gateway, connection.threadId)).length, 2);
  assert.equal(count.most, 1);
});

test('silence in mid-answer shows by itself', async (t) => {
  const { agent, gateway } = context;
  const { relay: between, url } = await relay(t);
  const connection = connect(t, { url });
  const run = connection.send('tell me');

  (await agent.next()).token('part');
  await nextOf(connection, 'event');

  between.silent(true);
  const state = await stateOf(connection, 'reconnecting');

  assert.equal(state.reason, 'The server has gone silent.');
  await assert.rejects(run, { code: 'CONNECTION_LOST', retryable: true });

  between.silent(false);
  await stateOf(connection, 'connected');

  const retried = connection.send('tell me', { requestId: run.requestId });
  (await agent.next()).answer('whole');
  assert.equal((await retried).message, 'whole');
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('an answer that was stored unseen is not asked for twice', async (t) => {
  const { agent, gateway } = context;
  const { relay: between, url } = await relay(t);
  const connection = connect(t, { url, ...QUICK, livenessMs: 300 });
  const run = connection.send('tell me');
  const asked = await agent.next();

  asked.token('seen ');
  await nextOf(connection, 'event');
  between.silent(true);
  asked.answer('unseen');
  await assert.rejects(run, { code: 'CONNECTION_LOST' });
  between.silent(false);
  await stateOf(connection, 'connected');

  const before = agent.requests;
  const retried = await connection.send('tell me', { requestId: run.requestId });
  assert.equal(retried.message, 'seen unseen');
  assert.equal(agent.requests, before);
});

test('silence on a slow line, by size: 50 characters a ms', (t) => {
  const runs = createRuns({ threadId: 't', answerTimeoutMs: 0, resume: false,
    socket: { ready: true, watch() {}, send: ({ content }) => content.length } });
  let now = 1000;

  t.mock.method(performance, 'now', () => now);

  /* when it can have come, at the latest */
  runs.add(runs.make({ requestId: 'r1', content: 'x'.repeat(1e6) }, true));
  runs.flush();
  assert.equal(runs.expire(now), 1000 + 20000);

  /* what has come is not waited for any longer, nor what came with it */
  now = 1500;
  runs.heard({ type: 'token', requestId: 'r1', value: 'short' });
  assert.equal(runs.expire(now), 1500.1);
  runs.heard({ type: 'token', requestId: 'r1', value: 'x'.repeat(49995) });
  assert.equal(runs.expire(now), 1500 + 1000);
});

test('a slow agent is no silent server', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl, livenessMs: 300 });
  const run = connection.send('think');
  const asked = await agent.next();
  const states = [];
  let pongs = 0;

  await stateOf(connection, 'connected');
  connection.on('state', ({ status }) => states.push(status));
  while (pongs < 5) {
    await nextOf(connection, 'event', (event) => event.type === 'pong');
    pongs++;
  }
  asked.answer('well');
  assert.equal((await run).message, 'well');
  assert.deepEqual(states, []);
});

test('a server that is away is tried after 1, 2 and 4 s; then, if so wanted, the user is asked', async (t) => {
  const { count, WebSocket } = countingWebSocket();
  const port = await freePort();
  const connection = connect(t, { url: `ws://127.0.0.1:${port}/`, WebSocket, retryEveryMs: 0 });
  const states = [];

  connection.on('state', (state) => states.push(state));
  const run = connection.send('kept until it is hopeless');
  const last = await stateOf(connection, 'disconnected');

  assert.deepEqual(
    states.filter((s) => s.delay).map((s) => [s.status, s.attempt, s.delay, s.maxAttempts]),
    [['reconnecting', 1, 1000, 3], ['reconnecting', 2, 2000, 3],
      ['reconnecting', 3, 4000, 3]]);
  assert.equal(last.retryable, true);
  await assert.rejects(run, { code: 'CONNECTION_LOST', retryable: true });
  assert.equal(count.opened, 4);
  assert.equal(count.most, 1);

  /* by hand it begins anew */
  connection.retry();
  assert.equal(connection.state.status, 'connecting');
  const again = await stateOf(connection, (s) => s.delay > 0);
  assert.equal(again.attempt, 1);
});

test('the server is killed in mid-answer and comes back', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { url: gateway.wsUrl });
  const run = connection.send('tell me');

  (await agent.next()).token('part');
  await nextOf(connection, 'event');
  await gateway.kill();
  await assert.rejects(run, { code: 'CONNECTION_LOST' });

  await gateway.start();
  await stateOf(connection, 'connected');
  const retried = connection.send('tell me', { requestId: run.requestId });
  (await agent.next()).answer('whole');
  assert.equal((await retried).message, 'whole');
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('a reload sends the client away and back, the running answer first', async (t) => {
  const { agent, gateway } = context;
  const idle = connect(t, { url: gateway.wsUrl });
  const busy = connect(t, { url: gateway.wsUrl });
  const run = busy.send('tell me');
  const asked = await agent.next();

  await stateOf(idle, 'connected');
  const left = stateOf(idle, 'reconnecting');
  const busyLeft = stateOf(busy, 'reconnecting');
  await gateway.reload();

  const state = await left;
  assert.equal(state.code, 1012);
  assert.equal(state.attempt, 0);
  assert.ok(state.delay <= 500, `${state.delay} ms`);
  await stateOf(idle, 'connected');

  asked.answer('not lost');
  assert.equal((await run).message, 'not lost');
  assert.equal((await busyLeft).code, 1012);
  await stateOf(busy, 'connected');

  const next = busy.send('and now?');
  const again = await agent.next();
  assert.equal(again.messages.length, 3);
  again.answer('fine');
  await next;
});

test('a server that restarts without end is left alone', async (t) => {
  const url = await startPeer(t, (socket) => socket.close(1012));
  const connection = connect(t, { url, ...THRICE, restartSpreadMs: 5 });
  const attempts = [];

  connection.on('state', (s) => s.retryAt && attempts.push(s.attempt));
  const state = await stateOf(connection, 'disconnected');

  assert.deepEqual(attempts, [0, 1, 2, 3]);
  assert.equal(state.code, 1012);
  assert.equal(state.retryable, true);
});

for (const [code, retryable] of [[1000, true], [1002, false], [1003, false],
  [1007, false], [1008, false], [1009, true]]) {
  test(`close code ${code} is final, and its reason told`, async (t) => {
    let sockets = 0;
    const url = await startPeer(t, (socket) => {
      sockets++;
      socket.on('message', () => socket.close(code, 'the reason'));
    });
    const connection = connect(t, { url, ...QUICK });
    const run = connection.send('hello');

    await assert.rejects(run, { code: 'CONNECTION_ENDED', closeCode: code });
    const state = await stateOf(connection, 'disconnected');
    assert.equal(state.code, code);
    assert.equal(state.reason, 'the reason');
    assert.equal(state.retryable, retryable);

    connection.retry();
    await stateOf(connection, 'connected');
    assert.equal(sockets, 2);
  });
}

for (const code of [1001, 1011, 1013]) {
  test(`after close code ${code} it backs off`, async (t) => {
    const url = await startPeer(t, (socket) => socket.close(code));
    const connection = connect(t, { url, ...QUICK });
    const state = await stateOf(connection, 'reconnecting');

    assert.equal(state.code, code);
    assert.equal(state.delay, 10);
  });
}

test('jitter takes off, never on', async (t) => {
  const port = await freePort();
  const delays = await Promise.all(Array.from({ length: 20 }, async () => {
    const connection = connect(t, {
      url: `ws://127.0.0.1:${port}/`, backoff: [1000], jitter: 0.5,
    });
    return (await stateOf(connection, (s) => s.delay > 0)).delay;
  }));

  assert.ok(delays.every((d) => d >= 500 && d <= 1000), String(delays));
  assert.ok(new Set(delays).size > 1);
});

test('a handshake without end is given up', async (t) => {
  const { relay: between, url } = await relay(t);
  const { count, WebSocket } = countingWebSocket();

  between.silent(true);
  const connection = connect(t, { url, WebSocket, ...QUICK, connectTimeoutMs: 50 });
  const state = await stateOf(connection, (s) => s.attempt === 2);
  assert.equal(state.reason, 'The server does not answer.');

  between.silent(false);
  await stateOf(connection, 'connected');
  assert.equal(count.most, 1);
});

test('there are never two sockets', async (t) => {
  const { agent, gateway } = context;
  const { relay: between, url } = await relay(t);
  const { count, WebSocket } = countingWebSocket();
  const network = new EventTarget();
  const connection = connect(t, { url, WebSocket, network, ...QUICK });
  const everything = () => {
    connection.retry();
    network.dispatchEvent(new Event('online'));
    network.dispatchEvent(new Event('offline'));
    connection.retry();
  };

  everything();
  connection.on('state', everything);
  await stateOf(connection, 'connected');

  for (let i = 0; i < 10; i++) {
    const lost = stateOf(connection, (s) => s.status !== 'connected');
    between.cut();
    everything();
    await lost;
    await stateOf(connection, 'connected');
    everything();
  }

  assert.equal(count.most, 1);
  assert.equal(count.opened, 11);

  const run = connection.send('still there?');
  (await agent.next()).answer('yes');
  assert.equal((await run).message, 'yes');
  assert.ok(gateway.port);
});

test('online brings an attempt forward, and one that was given up', async (t) => {
  const { relay: between, url } = await relay(t);
  const network = new EventTarget();
  const connection = connect(t, { url, network, backoff: [60000, 60000], retryEveryMs: 0 });

  await stateOf(connection, 'connected');
  between.cut();
  await stateOf(connection, (s) => s.delay === 60000);
  network.dispatchEvent(new Event('online'));
  await stateOf(connection, 'connected');

  between.refuse(true);
  between.cut();
  await stateOf(connection, (s) => s.delay === 60000);
  network.dispatchEvent(new Event('online'));
  await stateOf(connection, 'disconnected');

  between.refuse(false);
  network.dispatchEvent(new Event('online'));
  await stateOf(connection, 'connected');
});

test('going offline asks the server whether it is there', async (t) => {
  const { relay: between, url } = await relay(t);
  const network = new EventTarget();
  const connection = connect(t, { url, network, livenessMs: 300, ...QUICK });

  await stateOf(connection, 'connected');
  await connection.underWay();
  network.dispatchEvent(new Event('offline'));
  await nextOf(connection, 'event', (event) => event.type === 'pong');
  assert.equal(connection.state.status, 'connected');

  between.silent(true);
  network.dispatchEvent(new Event('offline'));
  const state = await stateOf(connection, 'reconnecting');
  assert.equal(state.reason, 'The server has gone silent.');
});

test('events for no known run are told as warnings, and ignored', async (t) => {
  const url = await startPeer(t, (socket) => {
    socket.on('message', (data) => {
      const { requestId } = JSON.parse(String(data));
      socket.send('not json');
      socket.send('7');
      socket.send(JSON.stringify({ type: 'token', requestId: 'who', value: 'x' }));
      socket.send(JSON.stringify({ type: 'final', requestId: 'who', message: 'x' }));
      socket.send(JSON.stringify({ type: 'news', requestId, field: 1 }));
      socket.send(JSON.stringify({ type: 'token', requestId, value: 'ok', extra: 1 }));
      socket.send(JSON.stringify({ type: 'final', requestId, message: 'ok', latencyMs: 1 }));
    });
  });
  const connection = connect(t, { url });
  const warnings = [];

  connection.on('warning', ({ message }) => warnings.push(message));
  assert.equal((await connection.send('hello')).message, 'ok');
  assert.deepEqual(warnings,
    ['not an event', 'not an event', 'no such run', 'no such run']);
});

test('an answer that never comes is given up and cancelled', async (t) => {
  let cancelled;
  const cancel = new Promise((resolve) => { cancelled = resolve; });
  const url = await startPeer(t, (socket) => {
    socket.on('message', (data) => {
      const command = JSON.parse(String(data));
      if (command.type === 'ping') {
        socket.send('{"type":"pong"}');
      } else if (command.type === 'cancel') {
        cancelled(command.requestId);
      }
    });
  });
  const connection = connect(t, { url, livenessMs: 200, answerTimeoutMs: 300 });
  const run = connection.send('hello?');

  await assert.rejects(run, { code: 'TIMEOUT', retryable: true });
  assert.equal(await cancel, run.requestId);
  assert.equal(connection.state.status, 'connected');
});

test('an address that is none is told at once', async (t) => {
  const connection = connect(t, { url: 'ftp://nowhere/' });
  const state = await stateOf(connection, 'disconnected');

  assert.equal(state.retryable, false);
  assert.ok(state.reason);
});
