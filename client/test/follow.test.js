/**
 * Runs that outlive their socket, on the module: drops, reloads, other tabs, a
 * worker that dies.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, history, newThread, nextOf, stateOf, useGateway } from './helpers/chat.js';
import { startRelay } from './helpers/net.js';

const context = useGateway({ directives: 'thread_ws_resume 2m keep=10m;' });

const QUICK = { backoff: [10, 20, 40], restartSpreadMs: 20 };

/* a run of which this text has come */
async function begin(connection, agent, text, options) {
  const told = [];
  const run = connection.send('tell me', { onToken: (delta) => told.push(delta), ...options });
  const asked = await agent.next();

  asked.token(text);
  while (run.text !== text) {
    await nextOf(connection, 'event');
  }

  return { run, asked, told };
}

test('a drop in mid-answer: it goes on, and is told once', async (t) => {
  const { agent, gateway } = context;
  const between = await startRelay(gateway.port);
  const connection = connect(t, { ...QUICK, url: `ws://127.0.0.1:${between.port}/api/chat/ws` });

  t.after(() => between.stop());

  const before = agent.requests;
  const { run, asked, told } = await begin(connection, agent, 'one ');
  const lost = stateOf(connection, 'reconnecting');

  between.cut();
  await lost;
  asked.token('two ');
  await stateOf(connection, 'connected');
  asked.answer('three');

  assert.equal((await run).message, 'one two three');
  assert.equal(told.join(''), 'one two three');
  assert.equal(agent.requests, before + 1);
  assert.equal((await history(gateway, connection.threadId)).length, 2);
});

test('an answer that ends while nobody is there is told afterwards', async (t) => {
  const { agent, gateway } = context;
  const between = await startRelay(gateway.port);
  const connection = connect(t, { ...QUICK, url: `ws://127.0.0.1:${between.port}/api/chat/ws` });

  t.after(() => between.stop());

  const { run, asked, told } = await begin(connection, agent, 'one ');

  between.refuse(true);
  between.cut();
  await stateOf(connection, 'reconnecting');
  asked.answer('two');
  while ((await history(gateway, connection.threadId)).length < 2);
  between.refuse(false);
  assert.equal((await run).message, 'one two');
  assert.equal(told.join(''), 'one two');
});

test('a reload in mid-answer: it goes on, and nobody sees anything', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { ...QUICK, url: gateway.wsUrl });
  const before = agent.requests;
  const { run, asked, told } = await begin(connection, agent, 'one ');
  const attempts = [];

  connection.on('state', ({ attempt }) => attempts.push(attempt));
  const left = stateOf(connection, 'reconnecting');
  await gateway.reload();
  assert.equal((await left).code, 1012);
  await stateOf(connection, 'connected');
  asked.token('two ');
  asked.answer('three');

  assert.equal((await run).message, 'one two three');
  assert.equal(told.join(''), 'one two three');
  assert.ok(attempts.every((attempt) => attempt === 0));
  assert.equal(agent.requests, before + 1);
});

test('ten reloads in a conversation of twenty messages', async (t) => {
  const { agent, gateway } = context;
  const connection = connect(t, { ...QUICK, url: gateway.wsUrl });
  const before = agent.requests;
  const seen = [];

  connection.on('state', ({ status, attempt }) => seen.push(`${status} ${attempt}`));
  for (let i = 0; i < 20; i++) {
    const reloaded = i % 2 ? gateway.reload() : null;
    const run = connection.send(`question ${i}`);
    const asked = await agent.next();

    asked.token('answer ');
    await reloaded;
    asked.answer(`${i}`);
    assert.equal((await run).message, `answer ${i}`);
  }

  assert.equal(agent.requests, before + 20);
  assert.deepEqual((await history(gateway, connection.threadId)).map(({ content }) => content),
    Array.from({ length: 20 }, (_, i) => [`question ${i}`, `answer ${i}`]).flat());
  assert.deepEqual(seen.filter((state) => !/ 0$/.test(state)), []);
});

test('another tab hears it from its beginning, and what comes next', async (t) => {
  const { agent, gateway } = context;
  const threadId = newThread();
  const first = connect(t, { ...QUICK, url: gateway.wsUrl, threadId });
  const { run, asked } = await begin(first, agent, 'one ');
  const second = connect(t, { ...QUICK, url: gateway.wsUrl, threadId });
  const [same] = await second.underWay();

  assert.deepEqual([same.requestId, same.content, same.own], [run.requestId, 'tell me', false]);
  asked.answer('two');
  assert.equal((await same).message, 'one two');
  assert.equal((await run).message, 'one two');

  const began = new Promise((resolve) => { first.on('run', (it) => resolve([it])); });
  const next = second.send('and now?');
  const again = await agent.next();
  const [other] = await began;
  assert.equal(other.content, 'and now?');
  again.token('once');
  while (!other.text) {
    await nextOf(first, 'event');
  }

  other.cancel();
  await assert.rejects(next, { code: 'CANCELLED' });
  await assert.rejects(other, { code: 'CANCELLED', partial: 'once' });
  assert.equal(await again.aborted, true);
});

test('a page that goes and comes back hears the rest', async (t) => {
  const { agent, gateway } = context;
  const threadId = newThread();
  const first = connect(t, { ...QUICK, url: gateway.wsUrl, threadId });
  const { run, asked } = await begin(first, agent, 'one ');

  first.close();
  await assert.rejects(run, { code: 'CLOSED' });

  const second = connect(t, { ...QUICK, url: gateway.wsUrl, threadId });
  const [same] = await second.underWay();
  let text = '';

  asked.answer('two');
  for await (const delta of same) {
    text += delta;
  }
  assert.equal(text, 'one two');
});

test('what a message says of itself is heard by others; what is not allowed is refused by name', async (t) => {
  const { agent, gateway } = context;
  const threadId = newThread();
  const [first, second] = [1, 2].map(() => connect(t, { url: gateway.wsUrl, threadId }));

  await Promise.all([first.underWay(), second.underWay()]);
  /* a run is a promise: by itself it would be waited for */
  const heard = new Promise((resolve) => { second.on('run', (it) => resolve([it])); });
  const run = first.send('tell', { metadata: { page: '/help' } });
  const asked = await agent.next();
  const [other] = await heard;

  assert.deepEqual(other.metadata, { page: '/help' });
  asked.answer('told');
  assert.equal((await run).message, 'told');

  await assert.rejects(first.send('x', { parameters: { temperature: 0 } }),
    { code: 'INVALID_MESSAGE', retryable: false, message: /temperature/ });
});
