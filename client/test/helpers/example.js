/**
 * A folder of docs/examples: its own configuration, and its page in Chromium.
 */

import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { startAgent } from './agent.js';
import { startGateway } from './gateway.js';
import { DEADLINE } from './page.js';

const client = path.resolve(fileURLToPath(import.meta.url), '../../..');

export const EXAMPLES = path.join(client, '../docs/examples');

/* with the ports and the directory of a test in the place of its own */
function configuration(file, agent, port, dir) {
  return readFileSync(file, 'utf8')
    .replace('127.0.0.1:8000', `127.0.0.1:${agent.port}`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace(/\/var\/www\/[\w-]+/, dir);
}

/* script: what is bundled for it; html: which folder's page it is; alias: packages
   that have another name here */
export async function startExample(t, name, { script, html, alias } = {}) {
  const folder = path.join(EXAMPLES, name);
  const agent = await startAgent();
  let dir;
  const gateway = await startGateway({
    agent,
    http(port, own) {
      dir = own;
      return configuration(path.join(folder, 'nginx.conf'), agent, port, own);
    },
  });

  t.after(async () => {
    await gateway.stop();
    await agent.stop();
  });

  if (html) {
    await copyFile(path.join(EXAMPLES, html, 'index.html'), path.join(dir, 'index.html'));
  }
  if (script) {
    await build({
      entryPoints: [path.join(folder, script)],
      outfile: path.join(dir, 'page.js'),
      absWorkingDir: client,
      nodePaths: [path.join(client, 'node_modules')],
      alias,
      bundle: true,
      jsx: 'automatic',
      logLevel: 'error',
    });
  }

  return { agent, gateway };
}

/* what it throws is wrong */
export async function openExample(context, url, wrong) {
  const page = await context.newPage();

  page.setDefaultTimeout(DEADLINE);
  page.on('pageerror', (error) => wrong.push(error.stack));
  await page.goto(url);
  return page;
}

export const click = (page, name) =>
  page.getByRole('button', { name, exact: true }).first().click();

export async function send(page, text) {
  await page.getByLabel('Message').fill(text);
  await click(page, 'Send');
}

export const asked = ({ messages }) => messages.map(({ content }) =>
  (typeof content === 'string' ? content : content.map(({ text }) => text).join()));
