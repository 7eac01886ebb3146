/**
 * The page when the connection breaks.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { history } from '../helpers/chat.js';
import { startRelay } from '../helpers/net.js';
import { answers, echo, lastTurn, openPage, status, usePages, write, ask } from '../helpers/page.js';

const context = usePages({ directives: [401, 403, 404].map((code) =>
  `if ($cookie_refuse = ${code}) { return ${code}; }`).join('\n') });

const REFUSED = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/,
  /WebSocket connection to .* failed/];

const threadOf = (page) => new URL(page.url()).hash.slice(1);

async function begin(page, agent, text) {
  await write(page, text);
  const asked = await agent.next();
  asked.token('partial ');
  await page.locator('.prose:has-text("partial")').waitFor();
  return asked;
}

test('the server is killed in mid-answer and comes back', async (t) => {
  const { agent, gateway } = context;
  agent.respond = null;
  const page = await openPage(t, context, { expected: REFUSED });

  await begin(page, agent, 'tell me all');

  await gateway.kill();
  const turn = await lastTurn(page, 'failed');
  await page.locator('#banner:has-text("Attempt 1")').waitFor();
  assert.equal(await page.locator('.prose:has-text("partial")').count(), 0);
  assert.match(await turn.locator('.notice').innerText(), /connection was lost.*Trying again can help/is);

  await page.locator('#pill-text:has-text("Attempt 2")').waitFor();
  await gateway.start();
  await status(page, 'connected');
  assert.ok(await page.locator('#banner').isHidden());

  await turn.locator('button:text-is("Try again")').click();
  (await agent.next()).answer('all of it');
  await lastTurn(page, 'done');
  assert.deepEqual(await answers(page), ['all of it']);
  assert.equal((await history(gateway, threadOf(page))).length, 2);
});

test('attempts do not end; by hand it is at once', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context, { expected: REFUSED });

  await gateway.kill();
  for (const attempt of [1, 2, 3]) {
    await page.locator(`#banner:has-text("Attempt ${attempt} in")`).waitFor();
  }
  await page.locator('#announcer:has-text("Attempt 3 follows")').waitFor();

  await gateway.start();
  await page.locator('#banner-action').focus();
  await page.keyboard.press('Enter');
  await status(page, 'connected');
  await page.waitForFunction(() => document.activeElement.id === 'input');
  await ask(page, 'back?');
});

test('what is shown stays where no history is kept', async (t) => {
  const { agent, browser, gateway } = context;
  agent.respond = echo;
  const own = await browser.newContext();
  t.after(() => own.close());
  await own.route('**/api/threads/*/messages', (route) => route.fulfill({ status: 404 }));
  const page = await openPage(t, { browser, gateway },
    { context: own, expected: [...REFUSED, /status of 404/] });

  await ask(page, 'one');
  await gateway.kill();
  await status(page, 'reconnecting');
  await gateway.start();
  await ask(page, 'two');
  assert.deepEqual(await answers(page), ['You said: one.', 'You said: two.']);
});

test('without a network nothing is tried, and what is written waits', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context, { expected: [...REFUSED, /INTERNET_DISCONNECTED/] });

  await page.context().setOffline(true);
  await gateway.kill();
  await page.locator('#banner:has-text("There is no network")').waitFor();
  await write(page, 'when it is back');
  await lastTurn(page, 'waiting');
  await gateway.start();
  await page.context().setOffline(false);
  await lastTurn(page, 'done');
  assert.deepEqual(await answers(page), ['You said: when it is back.']);
});

test('the server\'s reason is told as a sentence', async (t) => {
  const { agent, browser, gateway } = context;
  const own = await browser.newContext();
  t.after(() => own.close());
  await own.routeWebSocket('**/api/chat/ws*', (socket) => {
    socket.onMessage((text) => text.includes('"message"')
      && socket.close({ code: 1008, reason: 'this is not your thread' }));
  });
  agent.respond = null;
  const page = await openPage(t, { browser, gateway }, { context: own });

  await write(page, 'hello');
  const turn = await lastTurn(page, 'failed');
  const said = 'This is not your thread. Trying again will not help.';
  assert.equal(await page.locator('#banner-text').innerText(), said);
  assert.match(await turn.locator('.notice').innerText(), new RegExp(said));
});

test('a silent drop in mid-answer shows by itself', async (t) => {
  const { agent, gateway, browser } = context;
  const relay = await startRelay(gateway.port);
  t.after(() => relay.stop());
  agent.respond = null;
  const page = await openPage(t, { browser, gateway },
    { url: `http://127.0.0.1:${relay.port}/`, expected: REFUSED });

  await begin(page, agent, 'tell me all');

  relay.silent(true);
  await status(page, 'reconnecting');
  const turn = await lastTurn(page, 'failed');

  relay.silent(false);
  await status(page, 'connected');
  await turn.locator('button:text-is("Try again")').click();
  (await agent.next()).answer('all of it');
  await lastTurn(page, 'done');
  assert.deepEqual(await answers(page), ['all of it']);
  assert.equal((await history(gateway, threadOf(page))).length, 2);
});

test('what is written while the connection is away is sent when it is back', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context, { expected: REFUSED });

  await gateway.kill();
  await status(page, 'reconnecting');
  await write(page, 'wait for it');
  await lastTurn(page, 'waiting');
  await gateway.start();
  await lastTurn(page, 'done');
  assert.deepEqual(await answers(page), ['You said: wait for it.']);
});

for (const [code, words] of [
  [401, /You are not signed in/],
  [403, /You are not allowed here.*pages of http:/s],
  [404, /There is nothing at this address/],
]) {
  test(`a handshake that is answered with ${code} says so`, async (t) => {
    const { agent, browser, gateway } = context;
    const own = await browser.newContext();
    t.after(() => own.close());
    agent.respond = echo;
    /* nor has a new thread a history */
    const page = await openPage(t, { browser, gateway },
      { context: own, expected: [...REFUSED, new RegExp(`status of (?:404|${code})`)] });

    await own.addCookies([{ name: 'refuse', value: String(code), url: gateway.url }]);
    await page.reload();
    await page.locator('#banner:has-text("at this address"), #banner:has-text("You are not")')
      .waitFor();
    assert.match(await page.locator('#banner').innerText(), words);
    assert.equal(await page.locator('#pill-text').innerText(), 'Not connected');
    await write(page, 'is anybody there?');
    const turn = await lastTurn(page, 'failed');
    assert.match(await turn.locator('.notice').innerText(), words);
    assert.match(await page.locator('#banner').innerText(), words);

    await own.clearCookies();
    await page.click('#banner-action');
    await status(page, 'connected');
    assert.ok(await page.locator('#banner').isHidden());
    await turn.locator('button:text-is("Try again")').click();
    await lastTurn(page, 'done');
  });

  test(`a history that is answered with ${code} says so`, async (t) => {
    const { agent } = context;
    agent.respond = echo;
    const page = await openPage(t, context, { expected: [new RegExp(`status of ${code}`)] });

    await ask(page, 'one');
    await page.route('**/api/threads/**', (route) => route.fulfill({ status: code }));
    await page.reload();
    await page.locator(code === 404 ? '.nothing:has-text("The server has nothing of this")'
      : '.view > .notice').waitFor();
    const text = await page.locator('.view').innerText();
    assert.match(text, code === 404 ? /nothing of this conversation/ : words);
    assert.doesNotMatch(text, /Trying again can help/);
    assert.equal(await page.locator('.welcome').count(), 0);

    /* which is so until there is something */
    if (code === 404) {
      await ask(page, 'two');
      assert.equal(await page.locator('.nothing').count(), 0);
    }
  });
}
