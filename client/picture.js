/**
 * The picture of the page in the documentation, made anew: what `make run`
 * serves, in Chromium, after the first of the page's suggestions.
 *
 *   node picture.js MODULE FILE
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from './test/helpers/net.js';
import { launchBrowser } from './test/helpers/page.js';

const ROOT = path.resolve(fileURLToPath(import.meta.url), '../..');
const [module, file] = process.argv.slice(2);

async function serve() {
  const dir = await mkdtemp(path.join(tmpdir(), 'thread-ws-'));
  const { OPENAI_BASE_URL, DATABASE_URL, LISTEN, ...env } = process.env;
  const child = spawn(path.join(ROOT, 'tools/run'), [dir, module],
    { env: { ...env, PORT: String(await freePort()) }, stdio: ['ignore', 'pipe', 'inherit'] });

  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^ready: (.*)/.exec(line)?.[1];

    if (url) {
      return { url, async stop() {
        child.kill();
        await once(child, 'exit');
        await rm(dir, { recursive: true });
      } };
    }
  }

  throw new Error('nothing is served');
}

async function ask(page, text) {
  await page.fill('#input', text);
  await page.press('#input', 'Enter');
  await page.locator('.turn:last-child[data-phase=done]').waitFor();
}

const server = await serve();
const browser = await launchBrowser();

try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 860 }, colorScheme: 'light', reducedMotion: 'reduce',
  });

  await page.goto(server.url);
  await page.locator('#pill[data-status=connected]').waitFor();
  await ask(page, 'Which server waits for ten thousand threads?');
  await page.click('#new-thread');
  await ask(page, 'Think, use a tool, then ask me before you act.');
  await page.click('#new-thread');
  await page.locator('.welcome button').first().click();
  await page.locator('.turn[data-phase=done]').waitFor();
  await page.locator('.katex').first().waitFor();
  await page.locator('.token').first().waitFor();

  /* from the short code on: it, the table and the formulas */
  await page.evaluate(async () => {
    const scroller = document.querySelector('#scroller');
    const code = document.querySelectorAll('.code')[1];

    scroller.scrollTop += code.getBoundingClientRect().top
      - scroller.getBoundingClientRect().top - 40;
    document.activeElement.blur();
    await document.fonts.ready;
  });
  await page.mouse.move(600, 845);
  await page.locator('#jump').waitFor();
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await server.stop();
}
