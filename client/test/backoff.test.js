/**
 * When a connection comes back, by a clock of the test's own: what is said of
 * the defaults, without any of it being waited for.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ThreadConnection } from '../src/index.js';

/* a server that is there or not, as the test says, on a clock that stands
   still unless it is told to go on */
function setUp(t, options) {
  const sockets = [];
  const states = [];

  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });

  const connection = new ThreadConnection('t1', {
    url: 'ws://127.0.0.1:9/', network: null, fetch: null, ...options,
    WebSocket: class {
      protocol = 'thread-ws';
      readyState = 0;

      constructor() {
        sockets.push(this);
      }

      open() {
        this.readyState = 1;
        this.onopen();
      }

      lose(code = 1006) {
        this.readyState = 3;
        this.onclose?.({ code, reason: '' });
      }

      send() {}

      close() {
        this.readyState = 3;
      }
    },
  });

  t.after(() => connection.close());
  connection.on('state', (state) => states.push(state));

  const pass = (ms) => t.mock.timers.tick(ms);

  /* the ms until the next attempt, which must not come before */
  const next = () => {
    const { delay } = connection.state;
    const { length } = sockets;

    pass(delay - 1);
    assert.equal(sockets.length, length);
    pass(1);
    assert.equal(sockets.length, length + 1);
    return delay;
  };

  return { connection, sockets, states, pass, next };
}

test('attempts come after 1, 2 and 4 s, then every 10 s, without an end', async (t) => {
  const { sockets, states, connection, next } = setUp(t);
  const delays = [];

  await Promise.resolve();
  for (let i = 0; i < 50; i++) {
    sockets.at(-1).lose();
    assert.equal(connection.state.status, 'reconnecting');
    delays.push(next());
  }
  assert.deepEqual(delays, [1000, 2000, 4000, ...Array(47).fill(10000)]);
  assert.deepEqual([...new Set(states.map(({ maxAttempts }) => maxAttempts))], [Infinity]);
  assert.equal(connection.state.attempt, 50);

  /* what was written meanwhile waits, and has not failed */
  assert.equal(connection.send('patience').text, '');
  assert.equal(connection.runs.length, 1);
});

test('who was back for five seconds begins anew, who was not goes on', async (t) => {
  const { sockets, pass, next } = setUp(t);
  const delays = [];

  await Promise.resolve();
  for (const stays of [0, 4999, 5000, 0]) {
    sockets.at(-1).open();
    pass(stays);
    sockets.at(-1).lose();
    delays.push(next());
  }
  assert.deepEqual(delays, [1000, 2000, 1000, 2000]);
});

test('with retryEveryMs: 0 there are as many attempts as backoff has', async (t) => {
  const { sockets, connection, next } = setUp(t, { retryEveryMs: 0, backoff: [5, 7] });

  await Promise.resolve();
  for (const delay of [5, 7]) {
    sockets.at(-1).lose();
    assert.equal(next(), delay);
  }
  sockets.at(-1).lose();
  assert.equal(connection.state.status, 'disconnected');
  assert.equal(connection.state.maxAttempts, 2);
  assert.equal(connection.state.retryable, true);
});

test('jitter takes off its part at most', async (t) => {
  t.mock.method(Math, 'random', () => 0.5);
  const { sockets, connection } = setUp(t, { jitter: 0.2 });

  await Promise.resolve();
  sockets.at(-1).lose();
  assert.equal(connection.state.delay, 900);
});
