/**
 * The page's memory over a long chat. MINUTES says how long; without it, some
 * hundred messages.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, newThread } from '../helpers/chat.js';
import { ask, openPage, usePages } from '../helpers/page.js';

const context = usePages();

const MINUTES = Number(process.env.MINUTES ?? 0);
const MESSAGES = 60;

const ANSWER = ['# Title\n\n', 'Some **words** of an answer, ', '`code` and more.\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n', '```js\nlet a = 1;\n```\n'];

test('a long chat leaves the heap where it was', async (t) => {
  const { agent } = context;
  const threadId = newThread();
  const connection = connect(t, { url: context.gateway.wsUrl, threadId });

  /* a page shows so many runs, and then no more */
  agent.respond = (run) => run.answer(...ANSWER);
  for (let i = 0; i < 110; i++) {
    await connection.send(`message ${i}`);
  }

  const page = await openPage(t, context, { hash: threadId });
  await page.locator('.turn').nth(99).waitFor();
  const devtools = await page.context().newCDPSession(page);

  const measure = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    return { usedSize, nodes, jsEventListeners };
  };

  const until = performance.now() + MINUTES * 60000;
  const shown = () => page.locator('.turn').count();
  const atTrim = async () => {
    /* the same point of the cycle of trimming: comparable */
    let before = await shown();
    for (;;) {
      await ask(page, `more ${performance.now()}`);
      const now = await shown();
      if (now < before) {
        return measure();
      }
      before = now;
    }
  };

  const first = await atTrim();
  for (let i = 0; MINUTES ? performance.now() < until : i < MESSAGES; i++) {
    await ask(page, `question ${i}.`);
  }
  const last = await atTrim();

  t.diagnostic(`before ${JSON.stringify(first)}, after ${JSON.stringify(last)}`);
  assert.ok(last.usedSize < first.usedSize * 1.1 + 200000);
  assert.ok(last.nodes < first.nodes * 1.1 + 100);
  assert.ok(last.jsEventListeners < first.jsEventListeners * 1.1 + 20);
  assert.equal(page.sockets.length, 1);

  /* what is no longer shown can be asked for */
  await page.click('.earlier');
  await page.locator('.turn').nth(150).waitFor();
});
