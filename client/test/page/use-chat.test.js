/**
 * docs/examples/use-chat in Chromium: the stock packages and nginx alone.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { asked, click, openExample as openPage, send, startExample } from '../helpers/example.js';
import { launchBrowser } from '../helpers/page.js';

const texts = (page) => page.locator('article p').allInnerTexts();
const shown = (page, text) => page.locator('article p', { hasText: text }).last().waitFor();
const ready = (page) => page.locator('form[data-status=ready]').waitFor();

test('a page of the AI SDK, and nginx alone', async (t) => {
  const { agent, gateway } = await startExample(t, 'use-chat', {
    script: 'page.jsx', html: 'use-chat', alias: { ai: 'ai-7', '@ai-sdk/react': 'ai-sdk-react-7' },
  });
  const browser = await launchBrowser();

  t.after(() => browser.close());

  const wrong = [];
  const context = await browser.newContext();
  const page = await openPage(context, gateway.url, wrong);

  await send(page, 'one');
  (await agent.next()).answer('a', 'b');
  await ready(page);
  assert.deepEqual(await texts(page), ['one', 'ab']);

  /* stopped */
  await send(page, 'two');
  const stopped = (await agent.next()).token('half');
  await shown(page, 'half');
  await click(page, 'Stop');
  assert.equal(await stopped.aborted, true);
  await ready(page);

  /* another answer, another question */
  await click(page, 'Again');
  const again = await agent.next();
  assert.deepEqual(asked(again), ['one', 'ab', 'two']);
  again.answer('better');
  await shown(page, 'better');
  await ready(page);

  await click(page, 'Edit');
  await send(page, 'other');
  const other = await agent.next();
  assert.deepEqual(asked(other), ['other']);
  other.answer('c');
  await shown(page, 'c');
  await ready(page);
  assert.deepEqual(await texts(page), ['other', 'c']);

  /* the page is loaded again in mid-answer; another tab, and another nginx */
  const { requests } = agent;

  await send(page, 'long');
  const long = (await agent.next()).token('x', 'y');
  await shown(page, 'xy');
  await page.reload();
  await shown(page, 'xy');
  long.token('z');
  await shown(page, 'xyz');

  const tab = await openPage(context, page.url(), wrong);
  await shown(tab, 'xyz');
  await gateway.reload();
  long.token('!').finish();
  await Promise.all([page, tab].map(ready));
  assert.deepEqual(await texts(page), ['other', 'c', 'long', 'xyz!']);
  assert.deepEqual(await texts(tab), ['other', 'c', 'long', 'xyz!']);
  assert.equal(agent.requests, requests + 1);

  await page.bringToFront();
  await send(page, 'more');
  const more = await agent.next();
  assert.deepEqual(asked(more), ['other', 'c', 'long', 'xyz!', 'more']);
  more.answer('d');
  await shown(page, 'd');
  await ready(page);
  assert.deepEqual(wrong, []);
});
