/**
 * The folders of docs/examples with the packages that they name, and nginx alone. The
 * longest of them, use-chat, has a file of its own.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';

import { EXAMPLES, asked, click, openExample, send, startExample } from '../helpers/example.js';
import { launchBrowser } from '../helpers/page.js';

const CHECKED = ['use-chat'];

let browser;

before(async () => { browser = await launchBrowser(); });
after(() => browser.close());

const texts = (page) => page.locator('article').allInnerTexts();
const said = (page, text) => page.locator('article', { hasText: text }).last().waitFor();
const alert = (page, text) => page.getByRole('alert').filter({ hasText: text }).waitFor();

/* an example's name, and what is done with its page */
function example(name, options, play) {
  CHECKED.push(name);
  test(name, async (t) => {
    const started = await startExample(t, name, options);

    if (!options.html) {
      await play(started);
      return;
    }

    const wrong = [];
    const context = await browser.newContext();
    const page = await openExample(context, started.gateway.url, wrong);

    await play({ ...started, page, context, wrong });
    await context.close();
    assert.deepEqual(wrong, []);
  });
}

/* what all of the pages do: two questions, one that is stopped, one that fails */
async function chat({ agent, page }) {
  await send(page, 'one');
  (await agent.next()).answer('a', 'b');
  await said(page, 'ab');

  await send(page, 'two');
  const run = await agent.next();
  assert.deepEqual(asked(run), ['one', 'ab', 'two']);
  run.token('half');
  await said(page, 'half');
  await click(page, 'Stop');
  assert.equal(await run.aborted, true);

  await send(page, 'three');
  (await agent.next()).fail(400, 'the model is not there');
  await alert(page, 'the model is not there');
}

example('use-chat-http', { script: 'page.jsx', html: 'use-chat' }, async (stage) => {
  const { agent, page } = stage;

  await chat(stage);
  await click(page, 'Again');
  (await agent.next()).answer('found');
  await said(page, 'found');
});

example('assistant-ui', {
  script: 'page.jsx', html: 'use-chat', alias: { ai: 'ai-7', '@ai-sdk/react': 'ai-sdk-react-7' },
}, async (stage) => {
  const { agent, page, context, gateway, wrong } = stage;

  await chat(stage);
  await page.getByRole('button', { name: 'Again' }).last().click();
  const run = await agent.next();
  assert.deepEqual(asked(run), ['one', 'ab', 'three']);
  run.answer('found');
  await said(page, 'found');

  /* another page has a conversation of its own */
  const other = await openExample(context, gateway.url, wrong);
  await send(other, 'four');
  const alone = await agent.next();
  assert.deepEqual(asked(alone), ['four']);
  alone.answer('d');
  await said(other, 'd');
});

example('ag-ui', { script: 'page.js', html: 'ag-ui' }, chat);

example('plain', { html: 'plain' }, async (stage) => {
  const { agent, page, context, gateway, wrong } = stage;

  await chat(stage);

  /* loaded again in mid-answer, in another tab, and with another nginx */
  await send(page, 'long');
  const run = (await agent.next()).token('x', 'y');
  await said(page, 'xy');
  await page.reload();
  await said(page, 'xy');
  const tab = await openExample(context, page.url(), wrong);
  await said(tab, 'xy');
  await gateway.reload();
  run.token('z').finish();
  await Promise.all([page, tab].map((one) => said(one, 'xyz')));
  assert.deepEqual(await texts(tab), ['one', 'ab', 'long', 'xyz']);
  assert.equal(agent.requests, 4);
});

/* the line as it stands in the README */
example('curl', {}, async ({ agent, gateway }) => {
  const readme = readFileSync(path.join(EXAMPLES, 'curl/README.md'), 'utf8');
  const [, line] = /```sh\n([^`]*)```/.exec(readme);

  agent.respond = (run) => run.answer('Hi', ' there');
  const { stdout } = await promisify(execFile)('sh', ['-c', `set -e
    ${line.replace('8080', gateway.port)}`]);

  assert.match(stdout, /^data: \{"type":"token","requestId":"r1","value":"Hi/m);
  assert.match(stdout, /"type":"final".*"message":"Hi there"/);
});

test('each example has its parts, and a check', () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => name);

  assert.deepEqual(folders.sort(), CHECKED.sort());
  for (const name of folders) {
    for (const file of ['README.md', 'nginx.conf']) {
      assert.ok(existsSync(path.join(EXAMPLES, name, file)), `${name}/${file}`);
    }
  }
});
