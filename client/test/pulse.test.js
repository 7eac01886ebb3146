/**
 * The pulse by a clock of the test's own.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { createPulse } from '../src/pulse.js';

function setUp(t, livenessMs = 2000) {
  const did = [];
  let now = 1000;
  let unsent = 0;
  const it = { did, awaited: 1 };

  let beat = null;

  t.mock.method(performance, 'now', () => now);
  t.mock.method(globalThis, 'setInterval', (callback) => { beat = callback; return 1; });
  t.mock.method(globalThis, 'clearInterval', () => { beat = null; });

  it.pulse = createPulse(livenessMs, {
    awaited: () => it.awaited,
    unsent: () => unsent,
    ping: () => did.push(`ping ${now - 1000}`),
    silent: () => { did.push(`silent ${now - 1000}`); it.pulse.stop(); },
  });

  it.unsent = (bytes) => { unsent = bytes; };

  /* beats as the browser gives them, so many ms apart */
  it.beats = (count, ms = livenessMs / 10 || 500) => {
    for (let i = 0; i < count; i++) {
      now += ms;
      beat?.();
    }
  };

  return it;
}

test('silence: a ping, then the end, within livenessMs', (t) => {
  const it = setUp(t);

  it.pulse.start();
  it.beats(20);
  assert.deepEqual(it.did, ['ping 600', 'silent 1600']);
});

test('a sign of life begins anew', (t) => {
  const it = setUp(t);

  it.pulse.start();
  it.beats(7);
  it.pulse.alive();
  it.beats(20);
  assert.deepEqual(it.did, ['ping 600', 'ping 2000', 'silent 3000']);
});

test('nothing awaited: no beat', (t) => {
  const it = setUp(t);

  it.pulse.start();
  it.awaited = 0;
  it.beats(20);
  assert.deepEqual(it.did, []);

  it.awaited = 1;
  it.beats(20);
  assert.deepEqual(it.did, []);
});

test('a probe is answered, or not', (t) => {
  const it = setUp(t);

  it.awaited = 0;
  it.pulse.start(true);
  it.beats(4);
  it.pulse.alive();
  it.beats(20);
  assert.deepEqual(it.did, ['ping 600']);

  it.pulse.start(true);
  it.beats(20);
  assert.equal(it.did.length, 3);
  assert.match(it.did[2], /^silent/);
});

test('timers that are held back report no drop', (t) => {
  const it = setUp(t);

  it.pulse.start();
  it.beats(3);
  assert.deepEqual(it.did, ['ping 600']);

  /* a hidden tab: once a second, then once a minute */
  it.beats(30, 1000);
  it.beats(5, 60000);
  assert.deepEqual(it.did, ['ping 600']);

  /* back in front, the server is asked again before it is judged */
  it.beats(7);
  assert.equal(it.did.length, 2);
  assert.match(it.did[1], /^ping/);
  it.beats(1);
  assert.match(it.did[2], /^silent/);
});

test('a large message on its way out is a sign of life', (t) => {
  const it = setUp(t);

  it.unsent(1000);
  it.pulse.start();
  it.beats(1);

  for (let bytes = 990; bytes > 0; bytes -= 10) {
    it.unsent(bytes);
    it.beats(1);
  }
  assert.deepEqual(it.did, []);

  it.beats(20);
  assert.equal(it.did.length, 2);
});

test('what is large is waited for, what is not is not', (t) => {
  const it = setUp(t);

  /* a second for it, as the clock counts: no more than silence may take */
  it.awaited = 2000;
  it.pulse.start();
  it.beats(20);
  assert.deepEqual(it.did, ['ping 600', 'silent 1600']);

  it.did.length = 0;
  it.awaited = 5000 + 10000;
  it.pulse.start();
  it.beats(100);
  assert.deepEqual(it.did, ['ping 13600', 'silent 14600']);
});

test('livenessMs 0 never finds it silent', (t) => {
  const it = setUp(t, 0);

  it.pulse.start();
  it.beats(1000);
  assert.deepEqual(it.did, []);
});
