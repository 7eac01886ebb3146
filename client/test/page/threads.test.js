/**
 * The page's list of threads, on a server that has one.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, echo, lastTurn, openPage, usePages, violations, write } from '../helpers/page.js';

const context = usePages({ threads: true, directives: 'thread_ws_keep_partial on;' });

const titles = (page) => page.locator('.thread-title').allInnerTexts();
const shows = (page, list) => page.waitForFunction((wanted) => JSON.stringify(wanted)
  === JSON.stringify([...document.querySelectorAll('.thread-title')].map((it) => it.textContent)), list);

test('threads of other devices are there, named and removed everywhere', async (t) => {
  context.agent.respond = echo;
  const page = await openPage(t, context);

  await ask(page, 'about apples');
  await page.click('#new-thread');
  await ask(page, 'about pears');

  /* a browser that has never been here */
  const other = await openPage(t, context);
  await shows(other, ['about pears', 'about apples']);
  assert.deepEqual(await other.locator('.day').allInnerTexts(), ['Today']);

  await other.click('.thread:has-text("about apples")');
  await other.locator('.prose:has-text("about apples")').waitFor();
  await other.hover('.thread:has-text("about apples")');
  await other.click('button[aria-label="Rename about apples"]');
  await other.fill('#rename-input', 'Fruit & <b>more</b>');
  await other.press('#rename-input', 'Enter');
  await shows(other, ['about pears', 'Fruit & <b>more</b>']);
  assert.equal(await other.innerText('#title'), 'Fruit & <b>more</b>');

  await page.reload();
  await shows(page, ['about pears', 'Fruit & <b>more</b>']);

  await page.fill('#search', 'MORE');
  await shows(page, ['Fruit & <b>more</b>']);
  await page.fill('#search', 'nothing');
  await page.locator('#no-threads:has-text("No title has that in it.")').waitFor();
  await page.fill('#search', '');

  await page.hover('.thread:has-text("about pears")');
  await page.click('button[aria-label="Delete about pears"]');
  await page.click('#delete-dialog button[value=delete]');
  await shows(page, ['Fruit & <b>more</b>']);
  await other.reload();
  await shows(other, ['Fruit & <b>more</b>']);
});

test('a title that cannot be given is asked for again; nothing is changed by leaving it', async (t) => {
  context.agent.respond = echo;
  const page = await openPage(t, context, { expected: [/status of 503/] });

  await ask(page, 'about plums');
  const rename = page.locator('button[aria-label="Rename about plums"]');

  await page.route('**/api/threads/*', (route) => route.fulfill({ status: 503 }), { times: 1 });
  await page.hover('.thread:has-text("about plums")');
  await rename.click();
  await page.fill('#rename-input', 'Plums');
  await page.click('#rename-save');
  await page.locator('#rename-failed:not([hidden])').waitFor();
  assert.equal(await page.inputValue('#rename-input'), 'Plums');
  await page.click('#rename-dialog button[value=keep]');
  assert.ok((await titles(page)).includes('about plums'));

  await rename.click();
  await page.fill('#rename-input', 'Plums');
  await page.click('#rename-save');
  await page.locator('.thread:has-text("Plums")').waitFor();
  await page.reload();
  await page.locator('.thread:has-text("Plums")').waitFor();
});

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
]) {
  test(`axe finds nothing in the list and its dialogs: ${name}`, async (t) => {
    context.agent.respond = echo;
    const page = await openPage(t, context, { reducedMotion: 'reduce', ...options });
    const open = page.locator('#sidebar-open');
    const send = async (text) => {
      await page.fill('#input', text);
      await page.click('#send');
      await lastTurn(page, 'done', text);
    };

    await send(`one ${name}`);
    await page.evaluate(() => document.querySelector('#new-thread').click());
    await send(`two ${name}`);
    if (await open.isVisible()) {
      await open.click();
    }
    await page.locator('#search').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.fill('#search', `one ${name}`);
    await page.hover('.thread');
    await page.locator('.rename').first().click();
    await page.locator('#rename-dialog[open]').waitFor();
    assert.deepEqual(await violations(page), []);
  });
}

test('what was stopped stays, after a reload, too', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'about cherries');
  const asked = await agent.next();
  asked.token('red, and ');
  await page.locator('.prose:has-text("red, and")').waitFor();
  await page.click('#stop');
  const turn = await lastTurn(page, 'stopped', 'red, and');
  assert.equal(await turn.locator('.notice').innerText(), 'Stopped. The thread keeps what there is.');
  assert.equal(await page.inputValue('#input'), '');

  await page.reload();
  await lastTurn(page, 'done', 'red, and');
});
