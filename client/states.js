/**
 * Pictures of the page in its states, to be looked at: on a desk, on a phone, in
 * the dark. In each, axe has nothing to say.
 *
 *   node states.js DIRECTORY
 */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { startAgent } from './test/helpers/agent.js';
import { startGateway } from './test/helpers/gateway.js';
import { lastTurn, launchBrowser, status, violations } from './test/helpers/page.js';

const [dir] = process.argv.slice(2);

const LOOKS = {
  desk: { viewport: { width: 1200, height: 860 } },
  dark: { viewport: { width: 1200, height: 860 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
};

const CODE = 'A function, as it comes:\n\n```js\n// the n-th of them\nfunction fibonacci(n) {\n'
  + '  let [a, b] = [0, 1];\n\n  while (n-- > 0) {\n    [a, b] = [b, a + b];\n  }';
const TEXT = '## Roots\n\nOf \\(ax^2+bx+c=0\\) they are\n\n$$x=\\frac{-b\\pm\\sqrt{b^2-4ac}}{2a}$$\n\n'
  + '| a | b | roots |\n|---|---|---|\n| 1 | 2 | one |\n| 1 | 0 | `none` |\n\n'
  + 'שלום, זה טקסט מימין לשמאל.\n\n> and this is quoted.\n\n1. first\n2. second\n';

const ANSWERS = {
  code: (run) => run.token(CODE),
  text: (run) => run.answer(TEXT),
  think(run) {
    run.start().chunk({ delta: { reasoning_content: 'First this, then that.' } });
    run.chunk({ delta: { tool_calls: [{ index: 0, id: 'c1', type: 'function',
      function: { name: 'approve_deletion', arguments: '{"path":"/tmp/old"}' } }] } });
    run.token('May I delete it?');
    run.finished = true;
    run.chunk({ delta: {}, finish_reason: 'tool_calls' });
    run.res.end('data: [DONE]\n\n');
  },
  long(run) {
    run.token('It goes on and on, and');
    run.finished = true;
    run.chunk({ delta: {}, finish_reason: 'length' });
    run.res.end('data: [DONE]\n\n');
  },
  fail: (run) => run.fail(503, 'later'),
};

const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/* on a phone Enter begins a line */
async function write(page, text) {
  await page.fill('#input', text);
  await page.click('#send');
}

/* each state, from the one before it */
const STATES = [
  ['welcome', async () => {}],
  ['code-streaming', async (page) => {
    await write(page, 'code');
    await page.locator('.turn:last-child .token').first().waitFor();
  }],
  ['stopped', async (page) => {
    await page.click('#stop');
    await lastTurn(page, 'stopped');
  }],
  ['text', async (page) => {
    await write(page, 'text');
    await lastTurn(page, 'done', 'quoted');
    await page.locator('.katex').first().waitFor();
  }],
  ['question', async (page) => {
    await write(page, 'think');
    await page.locator('.turn:last-child .questions button').first().waitFor();
  }],
  ['unfolded', async (page) => {
    await page.locator('.turn:last-child .step summary, .turn:last-child .step button').first().click();
  }],
  ['continue', async (page) => {
    await write(page, 'long');
    await page.locator('.turn:last-child button:text-is("Continue")').waitFor();
  }],
  ['failed', async (page) => {
    await write(page, 'fail');
    await lastTurn(page, 'failed');
  }],
  ['image', async (page) => {
    await page.setInputFiles('#files', { name: 'dot.png', mimeType: 'image/png', buffer: DOT });
    await page.locator('#attachments img').waitFor();
    await page.fill('#input', 'A draft beside an image');
  }],
  ['too-large', async (page) => {
    await page.fill('#input', 'x'.repeat(70000));
    await page.locator('#too-large:not([hidden])').waitFor();
  }],
];

const agent = await startAgent((run) => (ANSWERS[run.prompt] ?? ANSWERS.text)(run));
const gateway = await startGateway({
  agent,
  directives: 'thread_ws_resume 1m; thread_ws_keep_partial on; thread_ws_events all; thread_ws_max_message_size 64k;',
});
const browser = await launchBrowser();
let wrong = 0;

try {
  await mkdir(dir, { recursive: true });
  await Promise.all(Object.entries(LOOKS).map(async ([look, options]) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();

    await page.goto(gateway.url);
    await status(page, 'connected');
    for (const [name, enter] of STATES) {
      await enter(page);
      await page.screenshot({ path: path.join(dir, `${name}-${look}.png`) });

      const found = await violations(page);

      wrong += found.length;
      console.log(`${name}-${look}: ${found.length ? JSON.stringify(found) : 'ok'}`);
    }
  }));
} finally {
  await browser.close();
  await gateway.stop();
  await agent.stop();
}
process.exitCode = wrong ? 1 : 0;
