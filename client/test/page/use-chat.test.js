/**
 * docs/examples/use-chat in Chromium: the stock packages and nginx alone.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { startAgent } from '../helpers/agent.js';
import { startGateway } from '../helpers/gateway.js';
import { launchBrowser } from '../helpers/page.js';

const client = path.resolve(fileURLToPath(import.meta.url), '../../..');
const example = path.join(client, '../docs/examples/use-chat');

/* the example's own configuration, with the ports and the directory of a test */
function configuration(agent, port, dir) {
  return readFileSync(path.join(example, 'nginx.conf'), 'utf8')
    .replace('127.0.0.1:8000', `127.0.0.1:${agent.port}`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('/var/www/use-chat', dir);
}

async function bundle(dir) {
  await copyFile(path.join(example, 'index.html'), path.join(dir, 'index.html'));
  await build({
    entryPoints: [path.join(example, 'page.jsx')],
    outfile: path.join(dir, 'page.js'),
    absWorkingDir: client,
    nodePaths: [path.join(client, 'node_modules')],
    alias: { ai: 'ai-7', '@ai-sdk/react': 'ai-sdk-react-7' },
    bundle: true,
    jsx: 'automatic',
    logLevel: 'error',
  });
}

async function openPage(context, url, wrong) {
  const page = await context.newPage();

  page.setDefaultTimeout(30000);
  page.on('pageerror', (error) => wrong.push(error.stack));
  await page.goto(url);
  return page;
}

const texts = (page) => page.locator('article p').allInnerTexts();
const click = (page, name) => page.getByRole('button', { name, exact: true }).first().click();
const shown = (page, text) => page.locator('article p', { hasText: text }).last().waitFor();
const ready = (page) => page.locator('form[data-status=ready]').waitFor();
const asked = ({ messages }) => messages.map(({ content }) => content);

async function send(page, text) {
  await page.getByLabel('Message').fill(text);
  await click(page, 'Send');
}

test('a page of the AI SDK, and nginx alone', async (t) => {
  const agent = await startAgent();
  let dir;
  const gateway = await startGateway({
    agent,
    http(port, own) {
      dir = own;
      return configuration(agent, port, own);
    },
  });
  const browser = await launchBrowser();

  t.after(async () => {
    await browser.close();
    await gateway.stop();
    await agent.stop();
  });

  await bundle(dir);

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
