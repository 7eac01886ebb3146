/**
 * A thread's messages, and a user's threads, from the module.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { deleteThread, history, renameThread, threads } from '../src/history.js';
import { connect, newThread, useGateway } from './helpers/chat.js';

const context = useGateway({ threads: true });

/* as a page of the gateway's would */
const options = () => ({ fetch: (path, init) => fetch(new URL(path, context.gateway.url), init) });

async function say(t, threadId, ...texts) {
  const connection = connect(t, { url: context.gateway.wsUrl, threadId });

  for (const text of texts) {
    const run = connection.send(text);
    (await context.agent.next()).answer(`re: ${text}`);
    await run;
  }
}

test('the messages of a thread, page by page', async (t) => {
  const threadId = newThread();

  await say(t, threadId, 'one', 'two', 'three');
  const all = await history(threadId, options());
  assert.deepEqual(all.map(({ role, content, seq }) => [role, content, seq]), [
    ['user', 'one', 1], ['assistant', 're: one', 1], ['user', 'two', 2],
    ['assistant', 're: two', 2], ['user', 'three', 3], ['assistant', 're: three', 3]]);
  assert.equal(new Set(all.map(({ id }) => id)).size, 6);

  const last = await history(threadId, { ...options(), limit: 1 });
  assert.deepEqual(last, all.slice(4));
  assert.deepEqual(await history(threadId, { ...options(), limit: 1, before: last[0].seq }),
    all.slice(2, 4));
  assert.deepEqual(await history('nobody-knows', options()), []);
});

test('the threads of a user: listed, named, removed', async (t) => {
  const [first, second] = [newThread(), newThread()];

  await say(t, first, 'the first');
  await say(t, second, 'the second', 'and more');
  const listed = async (rest) => (await threads({ ...options(), ...rest })).threads
    .filter(({ threadId }) => threadId === first || threadId === second);
  assert.deepEqual((await listed()).map(({ threadId, title, runs }) => [threadId, title, runs]),
    [[second, 'the second', 2], [first, 'the first', 1]]);

  const page = await threads({ ...options(), limit: 1 });
  assert.equal(page.threads.length, 1);
  assert.equal((await threads({ ...options(), limit: 1, before: page.before })).threads[0].threadId,
    first);

  assert.equal(await renameThread(first, 'Of "ö" & more', options()), true);
  assert.equal((await listed()).at(-1).title, 'Of "ö" & more');
  assert.equal(await renameThread(first, null, options()), true);
  assert.equal((await listed()).at(-1).title, 'the first');
  await assert.rejects(renameThread(first, 'x'.repeat(1000), options()), { retryable: false });

  assert.equal(await deleteThread(first, options()), true);
  assert.deepEqual((await listed()).map(({ threadId }) => threadId), [second]);
  assert.equal(await deleteThread(first, options()), false);
  assert.equal(await renameThread(first, 'x', options()), false);
});

test('a server without a list of threads', async () => {
  assert.equal(await threads({ ...options(), url: '/api/nothing' }), null);
});
