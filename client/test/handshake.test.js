/**
 * Where to connect, and why it did not come to that: addresses, the network,
 * handshakes that are refused.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import test from 'node:test';

import { connect, countingWebSocket, nextOf, startPeer, stateOf } from './helpers/chat.js';
import { freePort } from './helpers/net.js';
import { createQueue } from './helpers/queue.js';

const nowhere = async () => `ws://127.0.0.1:${await freePort()}/`;

test('the address may be asked for, each time anew', async (t) => {
  const sockets = createQueue();
  const url = await startPeer(t, (socket) => sockets.push(socket));
  const asked = [];
  const connection = connect(t, {
    backoff: [5],
    url: async () => {
      asked.push('url');
      return `${url}?token=${asked.length}`;
    },
    protocols: () => {
      asked.push('protocols');
      return ['thread-ws', `token.${asked.length}`];
    },
  });

  (await sockets.next()).terminate();
  const socket = await sockets.next();
  await stateOf(connection, 'connected');
  assert.deepEqual(asked, ['url', 'protocols', 'url', 'protocols']);
  assert.ok(socket);
});

test('an address that cannot be told is an attempt that failed', async (t) => {
  const url = await startPeer(t, () => {});
  let calls = 0;
  const connection = connect(t, {
    backoff: [5, 5, 5],
    url: () => {
      calls++;
      if (calls === 1) {
        throw new Error('no token yet');
      }
      return calls === 2 ? Promise.reject(new Error('still none')) : url;
    },
  });

  assert.equal((await stateOf(connection, 'reconnecting')).reason, 'no token yet');
  assert.equal((await stateOf(connection, (s) => s.attempt === 2)).reason, 'still none');
  await stateOf(connection, 'connected');
  assert.equal(calls, 3);
});

test('an address that will never be told is not asked for again', async (t) => {
  const connection = connect(t, {
    url: async () => { throw Object.assign(new Error('Signed out.'), { retryable: false }); },
  });
  const run = connection.send('x');
  const state = await stateOf(connection, 'disconnected');

  assert.equal(state.reason, 'Signed out.');
  assert.equal(state.retryable, false);
  await assert.rejects(run, { code: 'CONNECTION_ENDED' });
});

test('an address that is never told is given up; none opens a socket after close()', async (t) => {
  const { count, WebSocket } = countingWebSocket();
  const connection = connect(t, {
    WebSocket, url: () => new Promise(() => {}), connectTimeoutMs: 20,
  });

  assert.equal((await stateOf(connection, 'reconnecting')).reason, 'The server does not answer.');

  let tell;
  const other = connect(t, { WebSocket, url: () => new Promise((resolve) => { tell = resolve; }) });
  await Promise.resolve();
  other.close();
  tell('ws://127.0.0.1:1/');
  await new Promise(setImmediate);
  assert.equal(count.opened, 0);
});

test('attempts do not end: after the first ones, every so often', async (t) => {
  const { count, WebSocket } = countingWebSocket();
  const connection = connect(t, {
    url: await nowhere(), WebSocket, backoff: [1, 2], retryEveryMs: 4, fetch: null,
  });
  const delays = [];

  connection.on('state', (state) => state.delay && delays.push(state.delay));
  const run = connection.send('waits');
  run.catch(() => {});
  const state = await stateOf(connection, (s) => s.attempt === 6);
  assert.deepEqual(delays.slice(0, 6), [1, 2, 4, 4, 4, 4]);
  assert.equal(state.maxAttempts, Infinity);
  assert.deepEqual(connection.runs, [run]);
  assert.equal(count.most, 1);
});

test('without a network there is no attempt, and one at once when it is back', async (t) => {
  const { count, WebSocket } = countingWebSocket();
  const sockets = createQueue();
  const url = await startPeer(t, (socket) => sockets.push(socket));
  const network = Object.assign(new EventTarget(), { navigator: { onLine: false } });
  const connection = connect(t, { url, WebSocket, network, backoff: [1] });
  const run = connection.send('waits');

  run.catch(() => {});
  const state = await stateOf(connection, 'reconnecting');
  assert.equal(state.offline, true);
  assert.equal(state.retryAt, 0);
  assert.match(state.reason, /no network/);

  for (const type of ['focus', 'pageshow', 'offline']) {
    network.dispatchEvent(new Event(type));
  }
  assert.equal(count.opened, 0);

  network.navigator.onLine = true;
  network.dispatchEvent(new Event('online'));
  assert.equal(count.opened, 1);
  await stateOf(connection, 'connected');

  /* lost with the network */
  network.navigator.onLine = false;
  (await sockets.next()).terminate();
  await stateOf(connection, (s) => s.offline);
  assert.equal(count.opened, 1);
  network.navigator.onLine = true;
  network.dispatchEvent(new Event('online'));
  await stateOf(connection, 'connected');
  assert.equal(count.opened, 2);
});

for (const type of ['online', 'focus', 'pageshow']) {
  test(`${type} brings an attempt forward`, async (t) => {
    const sockets = createQueue();
    const url = await startPeer(t, (socket) => sockets.push(socket));
    const network = new EventTarget();
    const connection = connect(t, { url, network, backoff: [600000] });

    (await sockets.next()).terminate();
    await stateOf(connection, (s) => s.delay > 0);
    network.dispatchEvent(new Event(type));
    await stateOf(connection, 'connected');
  });
}

test('retry() asks a server that should be there whether it is', async (t) => {
  const commands = createQueue();
  const url = await startPeer(t, (socket) =>
    socket.on('message', (data) => commands.push(JSON.parse(String(data)).type)));
  const connection = connect(t, { url, livenessMs: 100, backoff: [5] });

  await stateOf(connection, 'connected');
  connection.retry();
  assert.equal(await commands.next(), 'ping');
  await stateOf(connection, 'reconnecting');
});

async function startRefusal(t, status) {
  const requests = [];
  const server = http.createServer((req, res) => {
    requests.push(req.method);
    res.writeHead(status);
    res.end();
  });

  server.on('upgrade', (req, socket) => {
    requests.push('upgrade');
    socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });

  return { requests, url: `ws://127.0.0.1:${server.address().port}/api/chat/ws` };
}

for (const [status, pattern, stays] of [[401, /who you are/, false], [403, /refuses/, false],
  [404, /no chat at this address/, false], [426, /No WebSocket comes through/, true],
  [405, /No WebSocket comes through/, true], [503, /not ready/, true]]) {
  test(`a handshake that is refused is looked into: ${status}`, async (t) => {
    const { requests, url } = await startRefusal(t, status);
    const connection = connect(t, { url, backoff: [60000], retryEveryMs: 60000 });
    const run = connection.send('x');

    run.catch(() => {});
    const state = await stateOf(connection, (s) => s.httpStatus);
    assert.equal(state.status, 'reconnecting');
    assert.equal(state.httpStatus, status);
    assert.match(state.reason, pattern);
    assert.match(state.reason, new RegExp(`HTTP ${status}`));
    assert.deepEqual(requests, ['upgrade', 'POST']);

    /* who is not let in is not helped by trying for ever */
    const other = connect(t, { url, backoff: [1], retryEveryMs: 5 });
    const end = await stateOf(other, (s) => s.status === 'disconnected' || s.attempt === 3);
    assert.equal(end.status, stays ? 'reconnecting' : 'disconnected');
    assert.equal(end.retryable, true);
    assert.match(end.reason, pattern);
  });
}

test('a server that is not there is asked in vain, and that is no news', async (t) => {
  const asked = createQueue();
  const connection = connect(t, {
    url: await nowhere(), backoff: [60000],
    fetch: (...args) => {
      const answer = fetch(...args);
      answer.catch(() => asked.push(args[0]));
      return answer;
    },
  });

  assert.match(await asked.next(), /^http:.*threadId=/);
  assert.equal(connection.state.httpStatus, undefined);
  assert.equal(connection.state.reason, 'The connection was lost.');
});

test('what onToken throws harms nothing', async (t) => {
  const { queueMicrotask } = globalThis;
  const uncaught = [];

  t.mock.method(globalThis, 'queueMicrotask', (callback) => queueMicrotask(() => {
    try {
      callback();
    } catch (error) {
      uncaught.push(error.message);
    }
  }));

  const url = await startPeer(t, (socket) => socket.on('message', (data) => {
    const { requestId } = JSON.parse(String(data));
    for (const event of [{ type: 'token', value: 'a' }, { type: 'token', value: 'b' },
      { type: 'final', message: 'ab', latencyMs: 1 }]) {
      socket.send(JSON.stringify({ ...event, requestId }));
    }
  }));
  const connection = connect(t, { url });

  const run = connection.send('x', { onToken: (delta) => { throw new Error(delta); } });
  assert.equal((await run).message, 'ab');
  assert.deepEqual(uncaught, ['a', 'b']);
});

test('who leaves the loop cancels', async (t) => {
  const commands = createQueue();
  const url = await startPeer(t, (socket) => socket.on('message', (data) => {
    const command = JSON.parse(String(data));
    commands.push(command.type);
    if (command.type === 'message') {
      socket.send(JSON.stringify({ type: 'token', requestId: command.requestId, value: 'a' }));
    } else {
      socket.send(JSON.stringify({ type: 'cancelled', requestId: command.requestId }));
    }
  }));
  const connection = connect(t, { url });
  const run = connection.send('x');

  for await (const delta of run) {
    assert.equal(delta, 'a');
    break;
  }
  assert.equal(await commands.next(), 'message');
  assert.equal(await commands.next(), 'cancel');
  await assert.rejects(run, { code: 'CANCELLED', partial: 'a' });
});

test('what cannot be sent is refused by its name', async (t) => {
  const url = await startPeer(t, () => {});
  const connection = connect(t, { url });

  await assert.rejects(connection.send('x', { files: [] }),
    { code: 'INVALID_MESSAGE', message: /"files"/ });
  const run = connection.send('x', { files: undefined });
  run.catch(() => {});
  await nextOf(connection, 'state');
  assert.deepEqual(connection.runs, [run]);
});
