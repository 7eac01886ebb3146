/**
 * The page where runs belong to their thread, and tell more than text.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { answers, echo, lastTurn, openPage, status, usePages, write } from '../helpers/page.js';

const context = usePages({ directives: 'thread_ws_resume 1m; thread_ws_events reasoning tools;' });

const MESSAGES = Number(process.env.MESSAGES ?? 6);

async function begin(page, agent, text) {
  agent.respond = null;
  await write(page, text);
  const asked = await agent.next();
  asked.token('the first half');
  await page.locator('.prose:has-text("the first half")').waitFor();
  return asked;
}

test('an answer goes on over a reload', async (t) => {
  const { agent } = context;
  const page = await openPage(t, context, { expected: [/status of 404/] });
  const asked = await begin(page, agent, 'tell me all');
  const before = agent.requests;

  await page.reload();
  await status(page, 'connected');
  await lastTurn(page, 'streaming', 'the first half');
  await page.locator('.foot:has-text("Asked before this page was loaded")').waitFor();
  assert.match(await page.locator('#announcer').innerText(), /the answer goes on/);
  asked.token(', the second');
  await page.locator('.prose:has-text("the first half, the second")').waitFor();
  asked.finish();
  const turn = await lastTurn(page, 'done');
  assert.doesNotMatch(await turn.locator('.foot').innerText(), /Asked/);
  assert.deepEqual(await answers(page), ['the first half, the second']);
  assert.equal(await page.locator('.turn').count(), 1);
  assert.equal(await page.locator('.question p').innerText(), 'tell me all');
  assert.equal(agent.requests, before);

  agent.respond = echo;
  await write(page, 'next');
  await lastTurn(page, 'done', 'You said: next.');
});

test('another tab shows the same, and stops it', async (t) => {
  const { agent, browser, gateway } = context;
  const own = await browser.newContext();
  t.after(() => own.close());
  const options = { context: own, expected: [/status of 404/] };
  const first = await openPage(t, { browser, gateway }, options);
  const hash = new URL(first.url()).hash.slice(1);
  const second = await openPage(t, { browser, gateway }, { ...options, hash });

  const asked = await begin(first, agent, 'for both');
  await lastTurn(second, 'streaming', 'the first half');
  assert.equal(await second.locator('.question p').innerText(), 'for both');
  assert.equal(await second.locator('.foot').innerText(), 'Asked in another tab or on another device.');
  assert.equal(await first.locator('.foot').innerText(), '');
  await second.locator('#stop').click();
  await lastTurn(second, 'stopped');
  await lastTurn(first, 'stopped');
  assert.equal(await asked.aborted, true);
});

test('what another answer replaces goes, whatever of it comes late', async (t) => {
  const { agent, browser, gateway } = context;
  const own = await browser.newContext();
  t.after(() => own.close());
  const options = { context: own, expected: [/status of 404/] };

  agent.respond = echo;
  const first = await openPage(t, { browser, gateway }, options);
  await write(first, 'once');
  await lastTurn(first, 'done');
  agent.respond = null;
  await first.locator('.turn').hover();
  await first.locator('button[aria-label="Another answer"]').click();
  const asked = await agent.next();
  asked.token('the first half');

  /* the history of before comes to the second tab when the answer is whole */
  let answered;
  const whole = new Promise((resolve) => { answered = resolve; });
  await own.route('**/messages*', async (route) => {
    const response = await route.fetch();

    await whole;
    await route.fulfill({ response });
  });
  const second = await openPage(t, { browser, gateway },
    { ...options, hash: new URL(first.url()).hash.slice(1) });
  await lastTurn(second, 'streaming', 'the first half');
  asked.token(', the second').finish();
  await lastTurn(second, 'done', 'the second');

  /* that of before, and the one that is asked for then */
  let histories = 0;
  const both = second.waitForResponse((response) =>
    response.url().includes('/messages') && ++histories === 2);
  answered();
  await both;
  await second.waitForFunction(() => document.querySelectorAll('.turn').length === 1);
  assert.deepEqual(await answers(second), ['the first half, the second']);
});

test('thoughts and tools are lines that unfold', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);
  const step = (text) => page.locator(`.step summary:has-text("${text}")`);
  const call = (index, fields) => ({ delta: { tool_calls: [{ index, ...fields }] } });

  await write(page, 'think');
  const asked = await agent.next();
  asked.start().chunk({ delta: { reasoning_content: 'First this, ' } });
  await page.locator('.step.going-on summary:text-is("Thinking")').waitFor();
  asked.chunk({ delta: { reasoning_content: 'then that.' } });
  asked.chunk(call(0, { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":' } }));
  await step('Tool: weather').waitFor();
  await step('Thought').waitFor();
  asked.chunk(call(0, { function: { arguments: '"Lisbon"}' } }));
  asked.answer('It is **warm**.');
  const turn = await lastTurn(page, 'done');

  assert.equal(await turn.locator('.prose').innerText(), 'It is warm.');
  assert.equal(await page.locator('.going-on').count(), 0);
  assert.ok(await page.locator('.step-body').first().isHidden());
  await step('Thought').click();
  assert.equal(await page.locator('.step-body').first().innerText(), 'First this, then that.');
  await step('Tool').click();
  assert.match(await page.locator('.step-body').nth(1).innerText(), /"city": "Lisbon"/);
});

test(`${MESSAGES / 2} reloads of nginx in a conversation of ${MESSAGES} messages show nothing`, async (t) => {
  const { agent, gateway } = context;
  agent.respond = null;
  /* a reload may come before there is any history */
  const page = await openPage(t, context, { expected: [/404/] });

  /* all that is ever shown besides the conversation */
  await page.evaluate(() => {
    window.said = new Set();
    new MutationObserver(() => {
      for (const it of document.querySelectorAll('.notice, .banner, .too-large')) {
        if (!it.hidden && it.innerText) {
          window.said.add(it.innerText);
        }
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });

  for (let i = 0; i < MESSAGES; i++) {
    /* before a message, right behind it, or in mid-answer */
    const reload = (when) => i % 2 === 0 && i / 2 % 3 === when && gateway.reload();

    await reload(0);
    await write(page, `message ${i}`);
    const reloaded = reload(1);
    const asked = await agent.next();
    asked.token('the first half');
    await reloaded;
    await page.locator('.turn:last-child .prose:has-text("the first half")').waitFor();
    await reload(2);
    asked.token(`, and the second of ${i}`).finish();
    await lastTurn(page, 'done', `the second of ${i}`);
  }

  assert.deepEqual(await page.evaluate(() => [...window.said]), []);
  assert.deepEqual(await answers(page), Array.from({ length: MESSAGES },
    (_, i) => `the first half, and the second of ${i}`));
});
