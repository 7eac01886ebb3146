/**
 * The page: conversations, interruption, threads.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, history, newThread } from '../helpers/chat.js';
import { answers, ask, echo, lastTurn, openPage, status, usePages, write } from '../helpers/page.js';

const context = usePages();

const threadOf = (page) => new URL(page.url()).hash.slice(1);

test('five messages over one socket', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context);

  for (let i = 1; i <= 5; i++) {
    const turn = await ask(page, `message ${i}`);
    assert.equal(await turn.locator('.prose').innerText(), `You said: message ${i}.`);
    assert.equal(await turn.locator('.prose strong').innerText(), `message ${i}`);
  }

  assert.equal(page.sockets.length, 1);
  assert.equal((await history(gateway, threadOf(page))).length, 10);

  const lines = await gateway.events(threadOf(page), 5);
  assert.equal(new Set(lines.map(({ connectionId }) => connectionId)).size, 1);
});

test('the answer is shown as it comes', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'slowly');
  const asked = await agent.next();
  await lastTurn(page, 'waiting');

  asked.token('# First\n\nand ');
  const turn = await lastTurn(page, 'streaming');
  await turn.locator('h3:text-is("First")').waitFor();
  assert.equal(await turn.getAttribute('aria-busy'), 'true');

  asked.token('`second`');
  await turn.locator('p code:text-is("second")').waitFor();

  asked.finish();
  await lastTurn(page, 'done');
  await page.locator('#announcer:has-text("First")').waitFor();
});

test('stop in mid-answer: the agent is let go, the text comes back', async (t) => {
  const { agent, gateway } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'a long story');
  const asked = await agent.next();
  asked.token('Once upon ');
  await page.locator('.prose:has-text("Once upon")').waitFor();

  await page.click('#stop');
  await lastTurn(page, 'stopped');
  assert.equal(await asked.aborted, true);
  assert.equal(await page.inputValue('#input'), 'a long story');
  assert.ok(await page.locator('#stop').isHidden());
  assert.deepEqual(await history(gateway, threadOf(page)), []);

  /* by keyboard, too */
  agent.respond = null;
  await write(page, 'another');
  const second = await agent.next();
  second.token('Then ');
  await page.locator('.prose:has-text("Then")').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await second.aborted, true);
  await page.waitForFunction(() => document.querySelector('#input').value === 'another');
  assert.equal(page.sockets.length, 1);
});

test('sending while it streams: the first gives way', async (t) => {
  const { agent, gateway } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'first');
  const asked = await agent.next();
  asked.token('one');
  await page.locator('.prose:has-text("one")').waitFor();

  await write(page, 'second');
  assert.equal(await asked.aborted, true);
  (await agent.next()).answer('two');
  const turn = await lastTurn(page, 'done');
  assert.equal(await turn.locator('.prose').innerText(), 'two');
  assert.equal(await page.locator('.turn[data-phase=stopped]').count(), 1);

  const messages = await history(gateway, threadOf(page));
  assert.deepEqual(messages.map((m) => m.content), ['second', 'two']);
  assert.equal(page.sockets.length, 1);
});

test('three tabs keep three threads apart', async (t) => {
  const { agent, browser } = context;
  agent.respond = null;
  const shared = await browser.newContext();
  t.after(() => shared.close());
  const pages = [];
  const runs = new Map();

  for (const name of ['red', 'green', 'blue']) {
    const page = await openPage(t, context, { context: shared });
    pages.push(page);
    await write(page, name);
    const run = await agent.next();
    runs.set(run.prompt, run);
  }

  /* all three stream at once */
  for (const [name, run] of runs) {
    run.token(`${name} `);
  }
  runs.get('green').answer('grass');
  runs.get('blue').answer('sky');
  runs.get('red').answer('rose');

  for (const page of pages) {
    await lastTurn(page, 'done');
  }
  assert.deepEqual((await Promise.all(pages.map(answers))).flat(),
    ['red rose', 'green grass', 'blue sky']);

  /* each tab lists all three */
  for (const page of pages) {
    await page.locator('.thread').nth(2).waitFor();
  }

  /* closing one leaves the others alone */
  await pages[1].close();
  agent.respond = echo;
  await ask(pages[0], 'still here?');
  assert.equal(pages[0].sockets.length, 1);
});

test('threads: switching, history, deletion', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context);

  await ask(page, 'about apples');
  const apples = threadOf(page);
  await page.click('#new-thread');
  await status(page, 'connected');
  await ask(page, 'about pears');
  assert.notEqual(threadOf(page), apples);
  await page.waitForFunction(() => document.title === 'about pears');

  /* the thread that was left has no socket any more */
  assert.equal(page.sockets.length, 2);
  if (!page.sockets[0].isClosed()) {
    await page.sockets[0].waitForEvent('close');
  }

  await page.click('.thread:has-text("about apples")');
  await page.locator('.prose:has-text("about apples")').waitFor();
  assert.equal(await page.locator('.turn').count(), 1);
  assert.equal(threadOf(page), apples);

  await page.goBack();
  await page.locator('.prose:has-text("about pears")').waitFor();

  await page.click('button[aria-label="Delete about apples"]');
  await page.click('#delete-dialog button[value=keep]');
  assert.equal(await page.locator('.thread').count(), 2);

  await page.click('button[aria-label="Delete about apples"]');
  await page.click('#delete-dialog button[value=delete]');
  await page.locator('.thread').nth(1).waitFor({ state: 'detached' });
  assert.deepEqual(await history(gateway, apples), []);
});

test('a thread that could not be deleted is asked about again', async (t) => {
  const { agent, gateway } = context;
  agent.respond = echo;
  const page = await openPage(t, context, { expected: [/status of 503/] });

  await ask(page, 'about plums');
  const plums = threadOf(page);
  await page.route('**/api/threads/**', (route) => route.fulfill({ status: 503 }), { times: 1 });
  await page.click('.delete');
  await page.click('#delete-dialog button[value=delete]');
  await page.locator('#delete-text:has-text("could not be deleted")').waitFor();
  assert.ok(await page.locator('#delete-dialog').isVisible());
  assert.equal(await page.locator('.thread').count(), 1);

  await page.click('#delete-dialog button[value=delete]');
  await page.locator('.welcome').waitFor();
  assert.deepEqual(await history(gateway, plums), []);
});

test('an answer under way is waited for when its thread is left', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'in the background');
  const asked = await agent.next();
  asked.token('half');
  await page.locator('.prose:has-text("half")').waitFor();

  await page.click('#new-thread');
  await page.locator('.welcome').waitFor();
  asked.answer(' and whole');
  if (!page.sockets[0].isClosed()) {
    await page.sockets[0].waitForEvent('close');
  }

  await page.click('.thread:has-text("in the background")');
  await page.locator('.prose:has-text("half and whole")').waitFor();
});

test('after a reload the conversation is there', async (t) => {
  const { agent } = context;
  agent.respond = echo;
  const page = await openPage(t, context);

  await ask(page, 'one');
  await ask(page, 'two');
  await page.reload();
  await status(page, 'connected');
  await page.locator('.turn').nth(1).waitFor();
  assert.deepEqual(await answers(page), ['You said: one.', 'You said: two.']);

  await ask(page, 'three');
  assert.equal((await answers(page)).length, 3);
});

test('a reload in mid-answer: one click asks again', async (t) => {
  const { agent, gateway } = context;
  agent.respond = null;
  /* there is no history yet */
  const page = await openPage(t, context, { expected: [/status of 404/] });

  await write(page, 'unlucky');
  const asked = await agent.next();
  asked.token('par');
  await page.locator('.prose:has-text("par")').waitFor();
  await page.reload();
  assert.equal(await asked.aborted, true);

  const turn = await lastTurn(page, 'failed');
  await turn.locator('button:text-is("Try again")').click();
  (await agent.next()).answer('whole');
  await lastTurn(page, 'done');
  assert.deepEqual(await answers(page), ['whole']);
  assert.equal((await history(gateway, threadOf(page))).length, 2);

  await page.reload();
  await page.locator('.prose:has-text("whole")').waitFor();
  assert.equal(await page.locator('.turn').count(), 1);
});

test('errors say whether trying again helps', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'busy?');
  (await agent.next()).fail(429, 'slow down', { 'Retry-After': '1' });
  const busy = await lastTurn(page, 'failed');
  assert.match(await busy.locator('.notice').innerText(), /Trying again can help/);
  const again = busy.locator('button:has-text("Try again")');
  assert.ok(await again.isDisabled());
  assert.match(await again.innerText(), /in \d s/);
  await again.click();
  (await agent.next()).answer('now');
  await lastTurn(page, 'done');

  await write(page, 'wrong');
  (await agent.next()).fail(400, 'there is no such model');
  const refused = await lastTurn(page, 'failed');
  const text = await refused.locator('.notice').innerText();
  assert.match(text, /There is no such model\. Trying again will not help/);
  assert.equal(await refused.locator('button:has-text("Try again")').count(), 0);
  await refused.locator('button:text-is("Edit")').click();
  assert.equal(await page.inputValue('#input'), 'wrong');
});

test('a long history is shown by pages', async (t) => {
  const { agent, gateway } = context;
  const threadId = newThread();
  const connection = connect(t, { url: gateway.wsUrl, threadId });

  agent.respond = echo;
  for (let i = 1; i <= 130; i++) {
    await connection.send(`message ${i}`);
  }

  const page = await openPage(t, context, { hash: threadId });
  await page.locator('.turn').nth(99).waitFor();
  assert.match((await answers(page))[0], /message 31\b/);
  await page.click('button:text-is("Show earlier messages")');
  await page.locator('.turn').nth(129).waitFor();
  assert.deepEqual(await answers(page),
    Array.from({ length: 130 }, (_, i) => `You said: message ${i + 1}.`));
  assert.equal(await page.locator('.earlier').count(), 0);
});
