/**
 * The message box: drafts, sizes, keys, what a phone has instead.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, echo, lastTurn, openPage, usePages, write } from '../helpers/page.js';

const context = usePages({ directives: 'thread_ws_max_message_size 2k;' });

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

test('each thread keeps what was written for it', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  /* a thread without an answer has no history */
  const page = await openPage(t, context, { expected: [/status of 404/] });

  await ask(page, 'first thread');
  await page.fill('#input', 'half a thought');
  await page.click('#new-thread');
  assert.equal(await page.inputValue('#input'), '');
  await page.fill('#input', 'another');
  await page.click('.thread');
  assert.equal(await page.inputValue('#input'), 'half a thought');

  await page.reload();
  await page.locator('.turn').waitFor();
  assert.equal(await page.inputValue('#input'), 'half a thought');
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('#input').value === 'another');

  /* what is sent is no draft any more */
  await page.press('#input', 'Enter');
  await lastTurn(page, 'done');
  await page.reload();
  await page.locator('.turn').waitFor();
  assert.equal(await page.inputValue('#input'), '');
});

test('a message that is too large is not sent', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const page = await openPage(t, context);
  const frames = [];
  page.sockets[0].on('framesent', ({ payload }) => frames.push(payload));

  /* three bytes each */
  const text = '\u20ac'.repeat(800);
  await page.fill('#input', text);
  await page.locator('#too-large:has-text("too large by")').waitFor();
  await page.press('#input', 'Enter');
  await page.locator('#announcer:has-text("too large by")').waitFor();
  assert.equal(await page.inputValue('#input'), text);
  assert.equal(await page.locator('.turn').count(), 0);
  assert.deepEqual(frames, []);

  await page.fill('#input', text.slice(0, 600));
  assert.ok(await page.locator('#too-large').isHidden());
  await page.press('#input', 'Enter');
  await lastTurn(page, 'done');
  assert.equal(page.sockets.length, 1);

  /* to the byte: the largest that goes, and the one that does not */
  const bytes = Buffer.byteLength(frames[0]);
  const rest = 2048 - bytes + 1800;
  await page.fill('#input', 'x'.repeat(rest + 1));
  await page.locator('#too-large:has-text("by 1 byte:")').waitFor();
  await page.fill('#input', 'x'.repeat(rest));
  await page.press('#input', 'Enter');
  await lastTurn(page, 'done', 'xxx');
  assert.equal(Buffer.byteLength(frames.at(-1)), 2048);
  assert.equal(page.sockets.length, 1);
});

test('a server that does not tell its limit: one notice says what happened', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const { browser, gateway } = context;
  const own = await browser.newContext();
  t.after(() => own.close());
  await own.route((url) => url.pathname === '/api/chat/ws',
    (route) => route.fulfill({ status: 204 }));
  const page = await openPage(t, { browser, gateway }, { context: own });

  await write(page, 'x'.repeat(3000));
  const turn = await lastTurn(page, 'failed');
  assert.match(await turn.locator('.notice').innerText(), /too large.*a shorter message will/is);
  await page.locator('#pill[data-status=connected]').waitFor();
  assert.ok(await page.locator('#banner').isHidden());
  await ask(page, 'shorter');
});

test('Enter that ends a composition sends nothing', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const page = await openPage(t, context);
  const enter = (init) => page.evaluate((it) => !document.querySelector('#input')
    .dispatchEvent(new KeyboardEvent('keydown',
      { key: 'Enter', bubbles: true, cancelable: true, ...it })), init);

  await page.fill('#input', 'words');
  assert.equal(await enter({ isComposing: true }), false);
  /* as Safari says it, when the composition is over already */
  assert.equal(await enter({ keyCode: 229 }), false);
  assert.equal(await page.locator('.turn').count(), 0);
  assert.equal(await enter({ keyCode: 13 }), true);
  await lastTurn(page, 'done', 'words');
});

test('on a phone Enter begins a line, and the button sends', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const page = await openPage(t, context, PHONE);

  await page.tap('#input');
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  assert.equal(await page.inputValue('#input'), 'one\ntwo');
  assert.equal(await page.getAttribute('#input', 'enterkeyhint'), 'enter');
  const hint = await page.locator(`#${await page.getAttribute('#input', 'aria-describedby')}`)
    .textContent();
  assert.match(hint, /button sends/);
  await page.tap('#send');
  const turn = await lastTurn(page, 'done');
  assert.equal(await turn.locator('.question p').innerText(), 'one\ntwo');
});

test('one\'s own message, answers and code are copied, and it is said', async (t) => {
  const { agent, browser } = context;
  const own = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  t.after(() => own.close());
  agent.respond = (run) => run.answer('See *this*:\n\n```js\n\tlet a;\n```\n');
  const page = await openPage(t, context, { context: own });
  const turn = await ask(page, 'my words');
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  const copy = async (label) => {
    await page.evaluate(() => document.querySelector('#announcer').replaceChildren());
    await turn.locator(`button[aria-label="${label}"]`).click();
    await page.locator('#announcer:has-text("Copied.")').waitFor();
    return copied();
  };

  assert.equal(await copy('Copy your message'), 'my words');
  assert.equal(await copy('Copy the answer'), 'See *this*:\n\n```js\n\tlet a;\n```\n');
  assert.equal(await copy('Copy the code'), '\tlet a;');

  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); });
  await turn.locator('button[aria-label="Copy the code"]').click();
  await page.locator('#announcer:has-text("could not be copied")').waitFor();
});

test('an answer that was cut off is continued', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'all of it');
  const asked = await agent.next();
  asked.token('the first half');
  asked.finished = true;
  asked.chunk({ delta: {}, finish_reason: 'length' });
  asked.res.end('data: [DONE]\n\n');
  await lastTurn(page, 'done');
  const turn = page.locator('.turn').first();
  assert.match(await turn.locator('.notice').innerText(), /cut off/);

  /* it can be, for as long as nothing else follows */
  await turn.locator('button:text-is("Continue")').click();
  await agent.next();
  await turn.locator('.notice').waitFor({ state: 'hidden' });
  await page.click('#stop');
  await lastTurn(page, 'stopped');
  await turn.locator('button:text-is("Continue")').click();
  const next = await agent.next();
  assert.deepEqual(next.messages.map(({ content }) => content),
    ['all of it', 'the first half', 'Continue.']);
  next.answer(' and the second');
  await lastTurn(page, 'done', 'and the second');
  assert.ok(await turn.locator('.notice').isHidden());
});

test('a title is as wide as there is room', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const page = await openPage(t, context, { viewport: { width: 1600, height: 800 } });
  const text = 'a title of many words that goes on and on '.repeat(4).trim();

  await ask(page, text);
  assert.equal(await page.innerText('#title'), text);
  /* the whole row of the list, until a pointer or the keyboard is there */
  await page.mouse.move(1000, 400);
  const room = await page.evaluate(() => {
    const row = document.querySelector('.threads li:has(.thread)').getBoundingClientRect();
    const title = document.querySelector('.thread-title').getBoundingClientRect();
    return row.width - title.width;
  });
  assert.ok(room <= 26, String(room));
});
