/**
 * The page's memory over a long chat. MINUTES says how long; without it, two
 * hundred messages.
 *
 * The page is driven from within: the debugger would keep what it has looked
 * at.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';

import { openPage, usePages } from '../helpers/page.js';

const context = usePages();

const MINUTES = Number(process.env.MINUTES ?? 0);
/* so many that the page lets go of what it no longer shows, twice */
const MESSAGES = MINUTES ? 150 : 52;

const ANSWER = ['# Title\n\n', 'Some **words** of an answer, ', '`code` and more.\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n', '```js\nlet a = 1;\n```\n'];

/* in the page: asks so often, and then until the page has just let go of what
   it no longer shows, so that two measurements compare */
function install() {
  const input = document.querySelector('#input');
  const turns = () => document.querySelectorAll('.turn').length;

  const ask = (text) => new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      const turn = document.querySelector('.turn:last-child');

      if (turn?.dataset.phase === 'done' && turn.textContent.includes(text)) {
        observer.disconnect();
        resolve();
      }
    });

    observer.observe(document.querySelector('#transcript'),
      { subtree: true, attributes: true, childList: true });
    input.value = text;
    input.dispatchEvent(new Event('input'));
    document.querySelector('#composer').requestSubmit();
  });

  window.chat = async (count, settle) => {
    for (let i = 0; i < count; i++) {
      await ask(`question ${i} of ${count}`);
    }
    for (let before = 0, now = turns(); settle && now >= before; now = turns()) {
      before = now;
      await ask(`one more than ${now}`);
    }
  };
}

test('a long chat leaves the heap where it was', async (t) => {
  const { agent } = context;
  const page = await openPage(t, context);
  const devtools = await page.context().newCDPSession(page);

  agent.respond = async (run) => {
    for (const part of ANSWER) {
      run.token(part);
      if (MINUTES) {
        await passed(20);
      }
    }
    run.finish();
  };

  const measure = async () => {
    let last = Infinity;

    /* elements go with the collection after that of what holds them */
    for (;;) {
      await devtools.send('HeapProfiler.collectGarbage');
      const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
      if (nodes >= last) {
        const { usedSize } = await devtools.send('Runtime.getHeapUsage');
        return { usedSize, nodes, jsEventListeners };
      }
      last = nodes;
    }
  };

  await page.evaluate(install);
  await page.evaluate(() => window.chat(130, true));

  const first = await measure();
  const until = performance.now() + MINUTES * 60000;
  do {
    await page.evaluate((count) => window.chat(count, false), MESSAGES);
  } while (performance.now() < until);
  await page.evaluate(() => window.chat(0, true));
  const last = await measure();

  t.diagnostic(`${agent.requests} messages; before ${JSON.stringify(first)}, `
    + `after ${JSON.stringify(last)}`);
  assert.ok(last.usedSize < first.usedSize * 1.1);
  assert.ok(last.nodes < first.nodes * 1.02);
  assert.ok(last.jsEventListeners < first.jsEventListeners * 1.02);
  assert.equal(page.sockets.length, 1);

  /* what is no longer shown can be asked for */
  await page.click('.earlier');
  await page.locator('.turn').nth(150).waitFor();
});
