/**
 * What goes beside text on the page: messages that replace others, images, what
 * an agent asks.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { history } from '../helpers/chat.js';
import { answers, ask, echo, lastTurn, openPage, usePages, violations, write } from '../helpers/page.js';

const context = usePages({ directives: 'thread_ws_resume 1m; thread_ws_events reasoning tools; '
  + 'thread_ws_keep_partial on; thread_ws_max_message_size 4k;' });

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAFklEQVR4nGNgGAWjYBSMglEwCkYB'
  + 'AAAUAAGf2bMfAAAAAElFTkSuQmCC', 'base64');
const picture = (name, buffer = PNG) => ({ name, mimeType: 'image/png', buffer });

const threadOf = (page) => new URL(page.url()).hash.slice(1);
const questions = (page) => page.locator('.question p').allInnerTexts();
const press = async (turn, name) => {
  await turn.hover();
  await turn.getByRole('button', { name, exact: true }).click();
};

test('a message is edited, another answer asked for; what fails changes nothing', async (t) => {
  const { agent, browser, gateway } = context;
  agent.respond = echo;
  const own = await browser.newContext();
  t.after(() => own.close());
  const options = { context: own, expected: [/status of 404/] };
  const page = await openPage(t, { browser, gateway }, options);
  const tab = await openPage(t, { browser, gateway }, { ...options, hash: threadOf(page) });
  const turn = (n) => page.locator('.turn').nth(n);

  /* a page behind another one gets a frame a second */
  await page.bringToFront();

  for (const text of ['one', 'two', 'three']) {
    await ask(page, text);
  }
  await page.fill('#input', 'a draft');
  await press(turn(1), 'Edit your message');
  assert.equal(await page.inputValue('#input'), 'two');
  await page.keyboard.press('Escape');
  assert.equal(await page.inputValue('#input'), 'a draft');

  /* here and in the other tab */
  await press(turn(1), 'Edit your message');
  await write(page, 'zwei');
  await lastTurn(page, 'done', 'You said: zwei');
  await lastTurn(tab, 'done', 'You said: zwei');
  assert.deepEqual(await questions(page), ['one', 'zwei']);
  assert.deepEqual(await questions(tab), ['one', 'zwei']);
  assert.equal(await page.inputValue('#input'), 'a draft');

  agent.respond = (run) => run.answer('better');
  await press(turn(0), 'Another answer');
  await lastTurn(page, 'done', 'better');
  assert.deepEqual(await questions(page), ['one']);
  assert.deepEqual((await history(gateway, threadOf(page))).map(({ content }) => content),
    ['one', 'better']);

  agent.respond = (run) => run.fail(500, 'x');
  await press(turn(0), 'Another answer');
  const failed = await lastTurn(page, 'failed');
  await lastTurn(tab, 'failed');
  for (const each of [page, tab]) {
    assert.deepEqual(await questions(each), ['one', 'one']);
    assert.deepEqual(await answers(each), ['better']);
  }
  agent.respond = (run) => run.answer('best');
  await failed.locator('button:text-is("Try again")').click();
  for (const each of [page, tab]) {
    await lastTurn(each, 'done', 'best');
    assert.deepEqual(await answers(each), ['best']);
  }
  await page.reload();
  await lastTurn(page, 'done', 'best');
  assert.deepEqual(await questions(page), ['one']);
});

test('nothing gives way to half an answer, which stays to be read', async (t) => {
  const { agent, browser, gateway } = context;
  agent.respond = echo;
  const own = await browser.newContext();
  t.after(() => own.close());
  const options = { context: own, expected: [/status of 404/] };
  const page = await openPage(t, { browser, gateway }, options);
  const all = ['You said: tell me.', 'You said: more.'];

  await ask(page, 'tell me');
  await ask(page, 'more');
  const tab = await openPage(t, { browser, gateway }, { ...options, hash: threadOf(page) });
  await lastTurn(tab, 'done', 'more');
  await page.bringToFront();

  agent.respond = (run) => run.token('half of');
  await press(page.locator('.turn').first(), 'Another answer');
  for (const each of [page, tab]) {
    await each.locator('.prose:has-text("half of")').waitFor();
    assert.deepEqual(await questions(each), ['tell me']);
  }
  await page.click('#stop');
  for (const each of [page, tab]) {
    const stopped = await lastTurn(each, 'stopped', 'half of');
    assert.match(await stopped.locator('.notice').innerText(), /not kept in the thread/);
    assert.deepEqual(await answers(each), all);
  }
  for (const each of [page, tab]) {
    await each.reload();
    await lastTurn(each, 'done', 'more');
    assert.deepEqual(await answers(each), all);
  }
});

test('images are chosen, pasted, dropped, refused, sent and there again', async (t) => {
  const { agent } = context;
  const page = await openPage(t, context, { expected: [/status of 404/] });
  const bring = (selector, type) => page.evaluate(([where, name, bytes]) => {
    const transfer = new DataTransfer();
    const target = document.querySelector(where);

    transfer.items.add(new File([new Uint8Array(bytes)], `${name}.png`, { type: 'image/png' }));
    target.dispatchEvent(name === 'paste'
      ? new ClipboardEvent(name, { clipboardData: transfer, bubbles: true, cancelable: true })
      : new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [selector, type, [...PNG]]);

  await page.setInputFiles('#files', [picture('cat.png'), { ...picture('a.txt'), mimeType: 'text/plain' }]);
  await page.locator('#not-taken:has-text("“a.txt” is no image")').waitFor();
  await page.press('#input', 'x');
  await page.locator('#not-taken').waitFor({ state: 'hidden' });

  /* without images it would be too large, too */
  await page.fill('#input', 'x'.repeat(70000));
  await page.locator('#too-large:has-text("before it is shorter")').waitFor();
  await page.fill('#input', '');
  await bring('#input', 'paste');
  await bring('#sidebar', 'drop');
  await page.locator('.attachments img').nth(2).waitFor();
  assert.deepEqual(await violations(page), []);

  await page.setInputFiles('#files', [picture('large.png', Buffer.alloc(4000))]);
  await page.locator('#too-large:has-text("fewer or smaller images")').waitFor();
  const { requests } = agent;
  await write(page, 'what is this?');
  assert.equal(await page.locator('.turn').count(), 0);
  await page.getByRole('button', { name: 'Remove large.png' }).click();
  await page.locator('#too-large').waitFor({ state: 'hidden' });

  agent.respond = (run) => run.answer('three');
  await page.press('#input', 'Enter');
  await lastTurn(page, 'done', 'three');
  assert.equal(agent.requests, requests + 1);
  assert.equal(await page.locator('.attachments').isVisible(), false);
  const [user] = await history(context.gateway, threadOf(page));
  assert.deepEqual(user.parts.map(({ type, url }) => url ?? type),
    [...Array(3).fill(`data:image/png;base64,${PNG.toString('base64')}`), 'text']);

  await page.reload();
  await lastTurn(page, 'done', 'three');
  assert.equal(await page.locator('.question .picture').count(), 3);
  assert.deepEqual(await questions(page), ['what is this?']);
  assert.deepEqual(await violations(page), []);

  /* an edit takes them along */
  await press(page.locator('.turn'), 'Edit your message');
  assert.equal(await page.locator('.attachments img').count(), 3);
});

test('a call that asks for leave is answered by a button', async (t) => {
  const { agent } = context;
  const call = (index, id, name, args) => ({ delta: { tool_calls: [
    { index, id, type: 'function', function: { name, arguments: args } }] } });
  const asks = (run) => run.token('I would restart it.')
    .chunk(call(0, 'c0', 'weather', '{"city":"Lisbon"}'))
    .chunk(call(1, 'c1', 'request_approval', '{"server":"lisbon-2"}')).finish();
  const page = await openPage(t, context, { expected: [/status of 404/] });

  agent.respond = asks;
  await write(page, 'restart it');
  const form = page.locator('.asks');
  await form.waitFor();
  assert.match(await form.innerText(), /Do you approve\?.*request_approval.*"lisbon-2"/s);
  await page.locator('#announcer:has-text("The agent asks: Do you approve?")').waitFor();
  assert.deepEqual(await violations(page), []);

  /* the question waits, over a reload */
  await page.reload();
  await form.waitFor();
  agent.respond = null;
  await form.locator('button:text-is("Decline")').click();
  const asked = await agent.next();
  assert.deepEqual(asked.messages.slice(-2).map(({ role, content }) => [role, content]),
    [['tool', 'Error: this page runs no tools'], ['tool', '{"approved":false}']]);
  assert.ok(await form.isHidden());
  asked.answer('It stays.');
  await lastTurn(page, 'done', 'It stays.');
  assert.deepEqual(await questions(page), ['restart it', 'No.']);
  await page.reload();
  await lastTurn(page, 'done', 'It stays.');
  assert.deepEqual(await questions(page), ['restart it', 'No.']);
  assert.ok(await form.isHidden());
});
