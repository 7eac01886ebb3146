/**
 * The page for everyone: axe, the keyboard, a phone's width, the policy.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, lastTurn, openPage, usePages, violations, write } from '../helpers/page.js';

const context = usePages();

const ANSWER = ['## One\n\n#### Two\n\n> # quoted\n\n## Three\n\ntext [link](https://example.org) `code`\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = "b"; // why\n```\n\n- [ ] x\n\n> quote\n\n',
  '```js\nf(1, /x/, null);\nclass A {}\n```\n\n| c |\n|---|\n| 3 |\n\n',
  'in \\(x\\)\n\n\\[\n\\int_0^1 f\n\\]\n\n$$\n\\sqrt{2}\n$$\n'];

const answer = (run) => {
  if (run.prompt === 'fail') {
    run.fail(500, 'x');
  } else if (run.prompt === 'cut') {
    run.token('half').finished = true;
    run.chunk({ delta: {}, finish_reason: 'length' });
    run.res.end('data: [DONE]\n\n');
  } else if (run.prompt === 'hang') {
    run.token('…');
  } else if (run.prompt === 'stop') {
    run.token(ANSWER[1]);
  } else {
    run.answer(...ANSWER);
  }
};

/* on a phone Enter sends nothing */
async function send(page, text) {
  await page.fill('#input', text);
  await page.click('#send');
}

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
]) {
  test(`axe finds nothing: ${name}`, async (t) => {
    const { agent } = context;
    agent.respond = answer;
    const { browser, gateway } = context;
    const own = await browser.newContext({ reducedMotion: 'reduce', ...options });
    t.after(() => own.close());
    await own.route((url) => url.pathname === '/api/chat/ws', (route) => route.fulfill(
      { status: 204, headers: { 'Thread-WS-Max-Message-Size': '1000' } }));
    const page = await openPage(t, { browser, gateway }, { context: own });

    assert.deepEqual(await violations(page), []);
    await send(page, 'everything');
    await lastTurn(page, 'done', 'everything');
    await page.locator('.katex').nth(2).waitFor();
    await page.locator('.token').first().waitFor();
    await send(page, 'fail');
    await lastTurn(page, 'failed');
    await send(page, 'cut');
    await lastTurn(page, 'done', 'cut off');
    await send(page, 'stop');
    await page.locator('.turn:last-child .token').first().waitFor();
    await page.click('#stop');
    await lastTurn(page, 'stopped');
    assert.deepEqual(await violations(page), []);
    await send(page, 'hang');
    await lastTurn(page, 'streaming');
    await page.locator('.turn').first().getByRole('button', { name: 'Edit your message' }).click();
    await page.locator('#editing').waitFor();
    await page.fill('#input', 'x'.repeat(2000));
    await page.locator('#too-large').waitFor();
    await page.setInputFiles('#files', [
      { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('x') },
      { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('x') },
    ]);
    await page.locator('#not-taken').waitFor();
    await page.locator('.attachments img').waitFor();
    assert.deepEqual(await violations(page), []);

    if (await page.locator('#sidebar-open').isVisible()) {
      await page.click('#sidebar-open');
      await page.locator('.thread').waitFor();
      assert.deepEqual(await violations(page), []);
      await page.keyboard.press('Escape');
    }

    /* nothing is wider than the page */
    assert.equal(await page.evaluate(() =>
      document.documentElement.scrollWidth <= window.innerWidth
      && document.querySelector('#scroller').scrollWidth
        <= document.querySelector('#scroller').clientWidth), true);
  });
}

test('the dialog, and a lost connection, are accessible as well', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context, {
    reducedMotion: 'reduce',
    expected: [/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/],
  });

  await ask(page, 'everything');
  await page.click('.delete');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');

  await context.gateway.kill();
  await page.locator('#banner').waitFor();
  assert.deepEqual(await violations(page), []);
  await context.gateway.start();
});

test('all of it works by keyboard', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context);
  const focus = () => page.evaluate(() => document.activeElement.id
    || document.activeElement.getAttribute('aria-label') || document.activeElement.className);

  assert.equal(await focus(), 'input');
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  assert.equal(await page.inputValue('#input'), 'one\ntwo');
  await page.keyboard.press('Enter');
  await lastTurn(page, 'done');
  assert.equal(await page.locator('.question p').innerText(), 'one\ntwo');
  assert.equal(await focus(), 'input');

  /* every control is reached, in the order that it is seen */
  const seen = [];
  await page.evaluate(() => document.activeElement.blur());
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press('Tab');
    seen.push(await focus());
  }
  const at = (name) => seen.indexOf(name);
  assert.ok(at('skip') >= 0 && at('new-thread') === at('skip') + 1, String(seen));
  assert.ok(at('thread') > at('new-thread') && at('Rename one two') === at('thread') + 1
    && at('Delete one two') === at('thread') + 2, String(seen));
  assert.ok(at('scroller') > at('thread') && at('input') > at('scroller'), String(seen));

  await page.locator('.delete').focus();
  await page.keyboard.press('Enter');
  await page.locator('#delete-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#delete-dialog').waitFor({ state: 'hidden' });
  assert.equal(await focus(), 'Delete one two');
});

const focused = (page, id) =>
  page.waitForFunction((it) => document.activeElement.id === it, id);

test('an answer is told block by block', async (t) => {
  const { agent } = context;
  agent.respond = (run) => run.answer('# Title\n\nOne `line`\nand \\(x^2\\).\n\n- first\n- second\n\n',
    '| a | b |\n|--|--|\n| 1 | 2 |\n\n```js\nlet a;\n```\n');
  const page = await openPage(t, context);

  await ask(page, 'speak');
  await page.locator('#announcer:has-text("let a")').waitFor();
  assert.deepEqual(await page.locator('#announcer p').allTextContents(),
    ['Answer:', 'Title', 'One line and x^2.', 'first', 'second', 'a, b', '1, 2', 'Code, js', 'let a;']);
});

test('the skip link leads to the message box, not to another thread', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context);

  await ask(page, 'everything');
  const url = page.url();
  await page.locator('#skip').focus();
  await page.keyboard.press('Enter');
  await focused(page, 'input');
  assert.equal(page.url(), url);
  assert.equal(await page.locator('.turn').count(), 1);
});

test('an address that names no thread is a new one', async (t) => {
  const page = await openPage(t, context, { hash: '%' });

  await page.locator('.welcome').waitFor();
  assert.match(new URL(page.url()).hash, /^#[\w-]{36}$/);
});

test('the focus is never lost with what had it', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context, { expected: [/status of 500/] });

  const failed = await ask(page, 'fail', 'failed');
  agent.respond = null;
  await failed.locator('button:text-is("Try again")').focus();
  await page.keyboard.press('Enter');
  await focused(page, 'input');

  /* the button to stop goes when the answer ends */
  const asked = await agent.next();
  await page.locator('#stop').focus();
  asked.answer('now');
  await lastTurn(page, 'done');
  await focused(page, 'input');

  /* the button to send is disabled when the box is empty */
  agent.respond = answer;
  await page.keyboard.type('again');
  await page.locator('#send').focus();
  await page.keyboard.press('Enter');
  await lastTurn(page, 'done', 'again');
  await focused(page, 'input');

  await page.reload();
  await page.locator('.turn').nth(1).waitFor();
  await focused(page, 'input');

  /* of two threads one is deleted, and its place in the list with it */
  await page.click('#new-thread');
  await ask(page, 'everything');
  await page.locator('.delete').nth(1).focus();
  await page.keyboard.press('Enter');
  await page.locator('#delete-dialog .danger').click();
  await page.locator('.thread').nth(1).waitFor({ state: 'detached' });
  await focused(page, 'new-thread');
});

test('Escape that ends an input method stops no answer', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);
  const escape = (isComposing) => page.evaluate((it) =>
    document.querySelector('#input').dispatchEvent(new KeyboardEvent('keydown',
      { key: 'Escape', isComposing: it, bubbles: true })), isComposing);

  await write(page, 'hang');
  const asked = await agent.next();
  asked.token('on ');
  await lastTurn(page, 'streaming');
  await escape(true);
  asked.token('and ');
  /* after a cancel it would not be shown */
  await page.locator('.prose:has-text("on and")').waitFor();
  asked.answer('on');
  await lastTurn(page, 'done', 'on and on');

  await write(page, 'hang');
  await agent.next();
  await escape(false);
  await lastTurn(page, 'stopped');
});

test('with forced colours the state and the progress are seen', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context, { forcedColors: 'active', reducedMotion: 'reduce' });
  const seen = (selector, pseudo) => page.locator(selector).evaluate((element, it) => {
    const style = getComputedStyle(element, it);
    const canvas = getComputedStyle(document.body).backgroundColor;
    const shows = (colour) => colour !== canvas && !/^rgba.*, 0\)$/.test(colour);

    return shows(style.backgroundColor)
      || (shows(style.borderTopColor) && parseInt(style.borderTopWidth, 10) >= 4);
  }, pseudo);

  await write(page, 'hang');
  await lastTurn(page, 'streaming');
  await page.locator('.prose:has-text("…")').waitFor();
  assert.equal(await seen('.dot'), true);
  assert.equal(await seen('.busy'), true);
  assert.equal(await seen('.prose p', '::after'), true);
  assert.equal(await seen('.theme input:checked + span'), true);
  assert.equal(await seen('.theme label:last-child span'), false);
});

test('the drawer on a phone', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context, {
    viewport: { width: 360, height: 740 }, reducedMotion: 'reduce',
  });

  await ask(page, 'everything');
  assert.ok(await page.locator('#new-thread').isHidden());
  await page.click('#sidebar-open');
  await page.locator('#new-thread').waitFor();
  assert.equal(await page.getAttribute('#sidebar-open', 'aria-expanded'), 'true');
  await page.click('#new-thread');
  await page.locator('#new-thread').waitFor({ state: 'hidden' });
  await page.locator('.welcome').waitFor();
});

test('the drawer takes the keyboard along, and gives it back', async (t) => {
  const { agent } = context;
  agent.respond = answer;
  const page = await openPage(t, context, { viewport: { width: 360, height: 740 } });

  await ask(page, 'everything');
  await page.locator('#sidebar-open').focus();
  await page.keyboard.press('Enter');
  await focused(page, 'sidebar-close');
  await page.keyboard.press('Escape');
  await focused(page, 'sidebar-open');
  await page.keyboard.press('Enter');
  await focused(page, 'sidebar-close');
  await page.keyboard.press('Enter');
  await focused(page, 'sidebar-open');
});

test('the appearance can be chosen, and is kept', async (t) => {
  const page = await openPage(t, context,
    { colorScheme: 'light', expected: [/status of 404/] });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();

  await page.click('#theme label:has-text("Dark")');
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  assert.equal(await background(), dark);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.click('#theme label:has-text("Light")');
  assert.equal(await background(), light);
  await page.click('#theme label:has-text("Auto")');
  assert.equal(await background(), dark);
});

test('the policy is strict, and the page needs no build', async () => {
  const { gateway } = context;
  const response = await fetch(gateway.url);
  const policy = response.headers.get('content-security-policy');

  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('content-type'), /text\/html; charset=utf-8/i);

  const html = await response.text();
  assert.doesNotMatch(html, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);

  for (const file of ['app.js', 'src/index.js', 'vendor/marked.js', 'vendor/katex/katex.min.js',
    'vendor/prism/components/prism-core.min.js']) {
    const script = await fetch(gateway.url + file);
    assert.equal(script.status, 200, file);
    assert.match(script.headers.get('content-type'), /javascript/, file);
    assert.equal(script.headers.get('content-security-policy'), policy);
  }
  assert.equal((await fetch(`${gateway.url}nginx.conf`)).status, 404);
});
