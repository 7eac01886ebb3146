/**
 * The demo page in Chromium.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';

import { chromium } from 'playwright-core';

import { startAgent } from './agent.js';
import { startGateway } from './gateway.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const CHROMIUM = process.env.CHROMIUM
  ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);

/* ms for what is waited for: no more than a sign that it will never come */
export const DEADLINE = Number(process.env.THREAD_WS_DEADLINE ?? 180) * 1000;

/* says what it was asked, in three parts */
export const echo = (run) => run.answer('You said: ', `**${run.prompt}**`, '.');

export const launchBrowser = () => chromium.launch({
  executablePath: CHROMIUM,
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});

/* options are the gateway's */
export function usePages(options) {
  const context = {};

  before(async () => {
    context.agent = await startAgent();
    context.gateway = await startGateway({ agent: context.agent, ...options });
    context.browser = await launchBrowser();
  });

  after(async () => {
    await context.browser?.close();
    await context.gateway?.stop();
    await context.agent?.stop();
  });

  return context;
}

/**
 * A page of a browser context of its own, or of the one given. What it logs
 * as an error, and each request to another host, fails the test.
 */
export async function openPage(t, { browser, gateway }, options = {}) {
  const { url = gateway.url, hash = '', context, expected = [], ...rest } = options;
  const own = context ?? await browser.newContext(rest);
  const page = await own.newPage();
  const wrong = [];

  page.sockets = [];
  page.setDefaultTimeout(DEADLINE);
  page.on('websocket', (socket) => page.sockets.push(socket));
  page.on('pageerror', (error) => wrong.push(error.stack));
  page.on('console', (message) => {
    /* not every server has a list of threads */
    if (message.type() === 'error' && !message.location().url.includes('/api/threads?')
      && !expected.some((pattern) => pattern.test(message.text()))) {
      wrong.push(message.text());
    }
  });
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) {
      wrong.push(`request to ${request.url()}`);
    }
  });

  t.after(async () => {
    await (context ? page : own).close();
    assert.deepEqual(wrong, []);
  });

  await page.goto(`${url}#${hash}`);
  await status(page, 'connected');

  return page;
}

export const status = (page, name) =>
  page.locator(`#pill[data-status=${name}]`).waitFor();

export async function write(page, text) {
  await page.fill('#input', text);
  await page.press('#input', 'Enter');
}

/* the last exchange, once it has come so far */
export async function lastTurn(page, phase, text = '') {
  const turn = page.locator(`.turn:last-child[data-phase=${phase}]`)
    .filter({ hasText: text });
  await turn.waitFor();
  return turn;
}

export async function ask(page, text, phase = 'done') {
  await write(page, text);
  return lastTurn(page, phase, text);
}

export const answers = (page) => page.locator('.turn[data-phase=done] .prose').allInnerTexts();

/* what axe finds */
export async function violations(page) {
  /* the page's own policy takes no script from outside: by the debugger */
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return found.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)]);
}
