/**
 * Runs that outlive their socket, on a server that does as its script says.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, nextOf, startScript, stateOf } from './helpers/chat.js';

const QUICK = { backoff: [5, 5, 5], restartSpreadMs: 5 };

const token = (requestId, value, position) => ({ type: 'token', requestId, value, position });
const final = (requestId, message, position) =>
  ({ type: 'final', requestId, message, latencyMs: 1, position });
const following = (requestId, content, position) =>
  ({ type: 'following', requestId, content, position });
const idle = (lastRequestId) => ({ type: 'idle', lastRequestId });
const error = (requestId, code, rest) =>
  ({ type: 'error', requestId, code, message: code, retryable: true, ...rest });

/* until the connection has heard all of it */
async function said(socket, connection, ...events) {
  const heard = nextOf(connection, 'event', ({ type, t }) => type === 'pong' && t === 'all');

  socket.say(...events, { type: 'pong', t: 'all' });
  await heard;
}

/* a connection whose first socket has nothing to follow */
async function begin(t, options) {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK, ...options });
  const socket = await script.next();

  await socket.asked({}, idle());

  return { script, connection, socket };
}

/* a run of which so much was heard, on a socket that is lost then */
async function beginRun(t, { tokens = [], loss = (socket) => socket.drop(), send, ...options } = {}) {
  const { script, connection, socket } = await begin(t, options);
  const told = [];
  const run = connection.send('tell', {
    requestId: 'r1', onToken: (delta) => told.push(delta), onReset: () => told.push(null), ...send,
  });

  assert.deepEqual(await socket.next(),
    { type: 'message', requestId: 'r1', threadId: connection.threadId, content: 'tell' });
  if (tokens.length) {
    const last = nextOf(connection, 'event', ({ value }) => value === tokens.at(-1).value);
    socket.say(...tokens);
    await last;
  }

  const lost = stateOf(connection, 'reconnecting');
  loss(socket);
  await lost;

  return { script, connection, run, told, socket: await script.next() };
}

test('a run goes on over a loss, where it was', async (t) => {
  const { run, told, socket } = await beginRun(t, { tokens: [token('r1', 'one ', 10)] });

  await socket.asked({ requestId: 'r1', after: 10 },
    following('r1', 'tell', 10), token('r1', 'two', 20), final('r1', 'one two', 21));

  assert.equal((await run).message, 'one two');
  assert.deepEqual(told, ['one ', 'two']);
  assert.equal(run.text, 'one two');
});

for (const [name, event] of [['no position', following('r1', 'tell')],
  ['an earlier one', following('r1', 'tell', 3)]]) {
  test(`what is told again from the beginning is not told twice: ${name}`, async (t) => {
    const { run, told, socket } = await beginRun(t, { tokens: [token('r1', 'one ', 10), token('r1', 'two ', 20)] });

    await socket.asked({ requestId: 'r1', after: 20 }, event,
      token('r1', 'on', 8), token('r1', 'e two three', 30), final('r1', 'one two three', 31));

    assert.equal((await run).message, 'one two three');
    assert.deepEqual(told, ['one ', 'two ', 'three']);
  });
}

test('another answer under the same name: what was told is void', async (t) => {
  const { run, told, socket } = await beginRun(t, { tokens: [token('r1', 'one two', 10)] });
  const deltas = run[Symbol.asyncIterator]();

  assert.equal((await deltas.next()).value, 'one two');
  await socket.asked({ requestId: 'r1', after: 10 }, following('r1', 'tell'),
    token('r1', 'one', 5), token('r1', ' more', 10));
  await assert.rejects(deltas.next(), { code: 'RESET', retryable: true });

  const again = run[Symbol.asyncIterator]();
  assert.equal((await again.next()).value, 'one more');
  socket.say(final('r1', 'one more', 11));
  assert.equal((await again.next()).done, true);
  assert.equal((await run).message, 'one more');
  assert.deepEqual(told, ['one two', null, 'one more']);
});

test('a final that says something else counts', async (t) => {
  const { run, told, socket } = await beginRun(t, { tokens: [token('r1', 'one', 10)] });

  await socket.asked({ requestId: 'r1', after: 10 }, following('r1', 'tell', 10),
    final('r1', 'two', 20));
  assert.equal((await run).message, 'two');
  assert.deepEqual(told, ['one', null, 'two']);
});

test('the server may say itself that an answer begins anew', async (t) => {
  const { connection, socket } = await begin(t);
  const told = [];
  const run = connection.send('tell', {
    requestId: 'r1', onToken: (delta) => told.push(delta), onReset: () => told.push(null),
  });

  await socket.next();
  socket.say(token('r1', 'a', 1), { type: 'reset', requestId: 'r1', position: 2 },
    token('r1', 'b', 3), final('r1', 'b', 4));
  assert.equal((await run).message, 'b');
  assert.deepEqual(told, ['a', null, 'b']);
});

test('a run that came to its end meanwhile is told how', async (t) => {
  const { run, socket } = await beginRun(t, { tokens: [token('r1', 'one', 10)] });

  await socket.asked({ requestId: 'r1', after: 10 }, following('r1', 'tell', 10),
    error('r1', 'UPSTREAM_FAILED'));
  await assert.rejects(run, { code: 'UPSTREAM_FAILED', partial: 'one' });
});

test('a message that never came to the server is sent again, under its name', async (t) => {
  const { run, socket } = await beginRun(t);

  await socket.asked({ requestId: 'r1' }, idle('r0'));
  assert.deepEqual(await socket.next(), { type: 'follow' });
  socket.say(idle('r0'));
  assert.equal((await socket.next()).requestId, 'r1');
  socket.say(token('r1', 'yes', 1), final('r1', 'yes', 2));
  assert.equal((await run).message, 'yes');
});

test('an answer that is stored comes from the store, and is not told twice', async (t) => {
  const { run, told, socket } = await beginRun(t, { tokens: [token('r1', 'one ', 10)] });

  await socket.asked({ requestId: 'r1', after: 10 }, idle('r1'));
  await socket.next();
  assert.equal((await socket.next()).type, 'message');
  socket.say(token('r1', 'one two'), final('r1', 'one two'));
  assert.equal((await run).message, 'one two');
  assert.deepEqual(told, ['one ', 'two']);
});

test('a run that is lost has failed, unless it may be begun anew', async (t) => {
  const { run, socket } = await beginRun(t, { tokens: [token('r1', 'one', 10)] });

  await socket.asked({ requestId: 'r1', after: 10 }, idle('r0'));
  await assert.rejects(run, { code: 'CONNECTION_LOST', retryable: true, partial: 'one' });

  const other = await beginRun(t, { tokens: [token('r1', 'one', 10)], send: { retries: 2 } });
  await other.socket.asked({ requestId: 'r1', after: 10 }, idle('r0'));
  await other.socket.next();
  assert.equal((await other.socket.next()).type, 'message');
  other.socket.say(error('r1', 'RUN_LOST'));
  assert.equal((await other.socket.next()).type, 'message');
  other.socket.say(token('r1', 'two', 3), error('r1', 'RUN_LOST'));
  await assert.rejects(other.run, { code: 'RUN_LOST' });
  assert.deepEqual(other.told, ['one', null, 'two']);
});

test('a loss before the server has said whether it lets runs be followed', async (t) => {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK });
  const run = connection.send('tell', { requestId: 'r1' });

  await (await script.next()).drop();
  const socket = await script.next();
  await socket.asked({ requestId: 'r1' }, following('r1', 'tell'), final('r1', 'here'));
  assert.equal((await run).message, 'here');
});

test('a server that knows no follow: as ever, and nobody hears of it', async (t) => {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK });
  const heard = [];

  connection.on('event', ({ type }) => heard.push(type));
  connection.on('warning', ({ message }) => heard.push(message));
  const socket = await script.next();
  await socket.asked({}, error(undefined, 'INVALID_MESSAGE', { retryable: false }));

  const run = connection.send('tell', { requestId: 'r1' });
  await socket.next();
  socket.say(token('r1', 'one'));
  await nextOf(connection, 'event');
  socket.drop();
  await assert.rejects(run, { code: 'CONNECTION_LOST', partial: 'one' });
  assert.deepEqual(heard, ['token']);

  assert.deepEqual(await connection.underWay(), []);
});

test('resume: false says no follow', async (t) => {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK, resume: false });

  connection.send('tell', { requestId: 'r1' }).catch(() => {});
  assert.equal((await (await script.next()).next()).type, 'message');
});

test('a server that goes refuses a message: another takes it', async (t) => {
  const { run, told, socket } = await beginRun(t, {
    loss: (it) => {
      it.say(error('r1', 'SHUTTING_DOWN'));
      it.close(1012);
    },
  });

  await socket.asked({}, idle());
  assert.equal((await socket.next()).requestId, 'r1');
  socket.say(token('r1', 'fine'), final('r1', 'fine'));
  assert.equal((await run).message, 'fine');
  assert.deepEqual(told, ['fine']);
});

test('a server that goes and does not close is left, once it has nothing more to say', async (t) => {
  const { script, connection, socket } = await begin(t);
  const first = connection.send('one', { requestId: 'r1' });
  const second = connection.send('two', { requestId: 'r2' });

  await socket.next();
  await socket.next();
  socket.say(token('r1', 'o', 1), error('r2', 'SHUTTING_DOWN'));
  await nextOf(connection, 'event', ({ code }) => code === 'SHUTTING_DOWN');
  const third = connection.send('three', { requestId: 'r3' });
  assert.equal(connection.state.status, 'connected');

  socket.say(final('r1', 'ok', 2));
  assert.equal((await first).message, 'ok');

  const other = await script.next();
  await other.asked({}, idle('r1'));
  assert.equal((await other.next()).requestId, 'r2');
  assert.equal((await other.next()).requestId, 'r3');
  other.say(final('r2', '2'), final('r3', '3'));
  assert.equal((await second).message, '2');
  assert.equal((await third).message, '3');
});

for (const code of ['BUSY', 'RATE_LIMITED']) {
  test(`${code}: sent again when the server says, as often as is wanted`, async (t) => {
    const { connection, socket } = await begin(t);
    const run = connection.send('tell', { requestId: 'r1', retries: { times: 2 } });

    for (let i = 0; i < 2; i++) {
      await socket.next();
      socket.say(error('r1', code, { retryAfterMs: 5 }));
    }
    await socket.next();
    socket.say(error('r1', code, { retryAfterMs: 5 }));
    await assert.rejects(run, { code, retryAfterMs: 5 });

    /* later than is wanted */
    const late = connection.send('tell', { requestId: 'r2' });
    await socket.next();
    socket.say(error('r2', code, { retryAfterMs: 61000 }));
    await assert.rejects(late, { code });

    const once = connection.send('tell', { requestId: 'r3', retries: false });
    await socket.next();
    socket.say(error('r3', code, { retryAfterMs: 5 }));
    await assert.rejects(once, { code });
  });
}

test('what waits to be sent again can be cancelled, and hurried', async (t) => {
  const { connection, socket } = await begin(t);
  const run = connection.send('tell', { requestId: 'r1' });

  await socket.next();
  socket.say(error('r1', 'BUSY', { retryAfterMs: 50000 }));
  await nextOf(connection, 'event');
  run.cancel();
  await assert.rejects(run, { code: 'CANCELLED' });

  const other = connection.send('tell', { requestId: 'r2' });
  await socket.next();
  socket.say(error('r2', 'BUSY', { retryAfterMs: 50000 }));
  await nextOf(connection, 'event');
  connection.retry();
  assert.equal((await socket.next()).requestId, 'r2');
  socket.say(final('r2', 'ok'));
  await other;
});

test('an error after the first word is no refusal', async (t) => {
  const { connection, socket } = await begin(t);
  const run = connection.send('tell', { requestId: 'r1' });

  await socket.next();
  socket.say(token('r1', 'one', 1), error('r1', 'SHUTTING_DOWN'));
  await assert.rejects(run, { code: 'SHUTTING_DOWN', retryable: true });
});

test('a restart sends away what was said and not heard', async (t) => {
  const { run, socket } = await beginRun(t, { loss: (it) => it.close(1012), resume: true });

  await socket.asked({ requestId: 'r1' }, idle());
  await socket.next();
  assert.equal((await socket.next()).requestId, 'r1');
  socket.say(final('r1', 'ok'));
  assert.equal((await run).message, 'ok');
});

test('a run of another tab is told, and can be cancelled', async (t) => {
  const { connection, socket } = await begin(t);
  const told = [];

  connection.on('run', (run) => connection.send(run.content, {
    requestId: run.requestId, onToken: (delta) => told.push(delta),
  }));

  socket.say({ type: 'message', requestId: 'x', content: 'of a tab' }, token('x', 'hi', 1));
  await nextOf(connection, 'event', ({ type }) => type === 'token');
  const [run] = connection.runs;

  assert.deepEqual([run.requestId, run.content, run.own], ['x', 'of a tab', false]);
  assert.deepEqual(connection.runs, [run]);

  run.cancel();
  assert.deepEqual(await socket.next(), { type: 'cancel', requestId: 'x' });
  socket.say({ type: 'cancelled', requestId: 'x' });
  await assert.rejects(run, { code: 'CANCELLED' });
  assert.deepEqual(told, ['hi']);
  assert.deepEqual(connection.runs, []);
});

test('a page that is loaded in mid-answer hears all of it', async (t) => {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK });
  const socket = await script.next();
  const begun = connection.underWay();

  await socket.asked({}, following('r1', 'tell'), token('r1', 'one ', 5));
  const [run] = await begun;
  assert.equal(run.content, 'tell');

  /* it is followed on the next socket, too */
  if (!run.text) {
    await nextOf(connection, 'event', ({ type }) => type === 'token');
  }
  socket.drop();
  const next = await script.next();
  await next.asked({ requestId: 'r1', after: 5 }, following('r1', 'tell', 5),
    token('r1', 'two', 9), final('r1', 'one two', 10));
  assert.equal((await run).message, 'one two');
});

test('an answer to follow that comes late, of a run that is heard already', async (t) => {
  const { run, told, socket } = await beginRun(t);

  await socket.asked({ requestId: 'r1' }, idle());
  assert.deepEqual(await socket.next(), { type: 'follow' });
  assert.equal((await socket.next()).requestId, 'r1');
  socket.say(token('r1', 'one ', 10), following('r1', 'tell', 10), token('r1', 'two', 20),
    final('r1', 'one two', 21));
  assert.equal((await run).message, 'one two');
  assert.deepEqual(told, ['one ', 'two']);
});

test('a run that ends while it is asked for is not told twice', async (t) => {
  const { script, connection, socket } = await begin(t);
  const heard = [];
  const runs = ['a', 'b'].map((requestId) => connection.send(`to ${requestId}`, { requestId }));

  await Promise.all([socket.next(), socket.next()]);
  connection.on('run', ({ requestId }) => heard.push(requestId));
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'a' }, following('a', 'to a'));
  await next.asked({ requestId: 'b' }, { type: 'message', requestId: 'b', content: 'to b' },
    token('b', 'B', 1), final('b', 'B', 2),
    following('b', 'to b', 1), token('b', 'B', 1), final('b', 'B', 2), final('a', 'A', 3));
  assert.deepEqual((await Promise.all(runs)).map(({ message }) => message), ['A', 'B']);
  assert.deepEqual(heard, []);
  assert.deepEqual(connection.runs, []);

  /* its name is not deaf from then on */
  connection.send('to b', { requestId: 'b' });
  assert.equal((await next.next()).requestId, 'b');
  await said(next, connection, final('b', 'B', 2));
  assert.deepEqual(connection.runs, []);
});

test('what was being told twice when its socket was lost is heard on the next one', async (t) => {
  const { script, connection, socket } = await begin(t);
  const run = connection.send('tell', { requestId: 'r1' });

  await socket.next();
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'r1' }, final('r1', 'one', 1), following('r1', 'tell', 0));
  assert.equal((await run).message, 'one');
  await said(next, connection);
  next.drop();

  const last = await script.next();
  await last.asked({}, idle('r1'));
  connection.send('tell', { requestId: 'r1' });
  assert.equal((await last.next()).type, 'message');
  await said(last, connection, final('r1', 'one', 1));
  assert.deepEqual(connection.runs, []);
});

test('a run that has ended before its turn is not asked for', async (t) => {
  const { script, connection, socket } = await begin(t);
  const runs = ['a', 'b', 'c'].map((requestId) => connection.send(`to ${requestId}`, { requestId }));

  await Promise.all([socket.next(), socket.next(), socket.next()]);
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'a' }, final('b', 'B', 1), following('a', 'to a'));
  await next.asked({ requestId: 'c' }, following('c', 'to c'), final('a', 'A', 1),
    final('c', 'C', 1));
  assert.deepEqual((await Promise.all(runs)).map(({ message }) => message), ['A', 'B', 'C']);
});

test('what is sent as soon as there is a socket is not asked for', async (t) => {
  const script = await startScript(t);
  const connection = connect(t, { url: script.url, ...QUICK });

  connection.on('state', ({ status }) => {
    if (status === 'connected') {
      connection.send('tell', { requestId: 'r1' });
    }
  });

  const socket = await script.next();
  await socket.asked({}, idle());
  assert.equal((await socket.next()).type, 'message');
  await said(socket, connection, final('r1', 'one', 1));
  assert.deepEqual(connection.runs, []);
});

test('what is said again without a word of that is not told twice', async (t) => {
  const { connection, socket } = await begin(t);
  const told = [];
  const run = connection.send('tell', {
    requestId: 'r1', onToken: (delta) => told.push(delta), onReset: () => told.push(null),
  });

  await socket.next();
  await said(socket, connection, token('r1', 'one ', 10), token('r1', 'one ', 10),
    token('r1', 'two ', 20), token('r1', 'one ', 10), token('r1', 'two ', 20),
    token('r1', 'three', 30), final('r1', 'one two three', 30));
  assert.equal((await run).message, 'one two three');
  assert.deepEqual(told, ['one ', 'two ', 'three']);
});

test('with nothing under way there is nothing', async (t) => {
  const { connection } = await begin(t);

  assert.deepEqual(await connection.underWay(), []);
});

test('a cancel while the connection is away is said when it is back', async (t) => {
  const { script, connection, socket } = await begin(t);
  const told = [];
  const run = connection.send('tell', { requestId: 'r1', onToken: (delta) => told.push(delta) });

  await socket.next();
  socket.say(token('r1', 'one', 1));
  await nextOf(connection, 'event', ({ type }) => type === 'token');
  socket.drop();
  await stateOf(connection, 'reconnecting');
  run.cancel();

  const next = await script.next();
  await next.asked({ requestId: 'r1', after: 1 }, following('r1', 'tell', 1), token('r1', 'two', 2));
  assert.deepEqual(await next.next(), { type: 'cancel', requestId: 'r1' });
  next.say({ type: 'cancelled', requestId: 'r1', kept: true });

  /* no more is told, but what is kept is known */
  await assert.rejects(run, { code: 'CANCELLED', partial: 'onetwo', kept: true });
  assert.deepEqual(told, ['one']);

  const other = connection.send('tell', { requestId: 'r2' });
  await next.next();
  next.say(token('r2', 'one', 1));
  await nextOf(connection, 'event', ({ requestId }) => requestId === 'r2');
  next.drop();
  await stateOf(connection, 'reconnecting');
  other.cancel();
  await (await script.next()).asked({ requestId: 'r2', after: 1 }, idle());
  await assert.rejects(other, { code: 'CANCELLED' });
});

test('several runs, each in its place', async (t) => {
  const { script, connection, socket } = await begin(t);
  const runs = ['a', 'b', 'c'].map((requestId) => connection.send(`to ${requestId}`, { requestId }));

  await Promise.all([socket.next(), socket.next(), socket.next()]);
  socket.say(token('a', 'A', 1));
  await nextOf(connection, 'event', ({ type }) => type === 'token');
  socket.drop();

  const next = await script.next();
  await next.asked({ requestId: 'a', after: 1 }, following('a', 'to a', 1));
  await next.asked({ requestId: 'b' }, token('a', 'A', 2), following('b', 'to b'));
  await next.asked({ requestId: 'c' }, idle('z'),
    final('a', 'AA', 3), token('b', 'B', 1), final('b', 'B', 2));
  assert.deepEqual(await next.next(), { type: 'follow' });
  next.say(idle('b'));
  assert.equal((await next.next()).requestId, 'c');
  next.say(final('c', 'C'));
  assert.deepEqual((await Promise.all(runs)).map(({ message }) => message), ['AA', 'B', 'C']);
});
