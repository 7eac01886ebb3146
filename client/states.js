/**
 * Pictures of the page in its states, to be looked at: on a desk, on a phone, in
 * the dark. In each, axe has nothing to say.
 *
 *   node states.js DIRECTORY [LOOK …]
 */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { startAgent } from './test/helpers/agent.js';
import { startGateway } from './test/helpers/gateway.js';
import { startRelay } from './test/helpers/net.js';
import { DEADLINE, lastTurn, launchBrowser, status, violations } from './test/helpers/page.js';

const [dir, ...wanted] = process.argv.slice(2);

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
  /* which goes on, for as long as it is looked at */
  code(run) {
    const alive = setInterval(() => run.res.write(':\n\n'), 10000);

    run.token(CODE).res.on('close', () => clearInterval(alive));
  },
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

async function newThread(page, text) {
  await openList(page);
  await page.click('#new-thread');
  await write(page, text);
  await lastTurn(page, 'done');
}

/* a drawer, on a phone */
async function openList(page) {
  if (await page.locator('#sidebar-open').isVisible()) {
    await page.click('#sidebar-open');
    await page.locator('.layout.open').waitFor();
  }
}

async function closeList(page) {
  if (await page.locator('#sidebar-close').isVisible()) {
    await page.click('#sidebar-close');
  }
}

/* one's tools come with the pointer, where there is one */
async function press(page, title, what) {
  await page.locator('.threads li', { hasText: title }).hover();
  await page.click(`.threads button[aria-label="${what} ${title}"]`);
}

async function refuse(page, code) {
  await page.context().addCookies([{ name: 'refuse', value: String(code), url: page.url() }]);
  await page.reload();
  await page.locator(`#banner:has-text("answers ${code}")`).waitFor();
}

const LONG = 'A title of many words that does not fit where there is little room for it';
const HEBREW = 'שלום, מה שלומך היום?';

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
  ['elsewhere', async (page) => {
    const other = await page.context().newPage();

    await other.goto(page.url());
    await status(other, 'connected');
    await write(other, 'code');
    await page.locator('.turn:last-child .foot:has-text("another tab")').waitFor();
    await page.locator('.turn:last-child .token').first().waitFor();
    await other.close();
  }],
  ['goes-on', async (page) => {
    await page.reload();
    await page.locator('.turn:last-child .foot:has-text("before this page")').waitFor();
    await page.locator('.turn:last-child .token').first().waitFor();
  }],
  ['editing', async (page) => {
    await page.click('#stop');
    await lastTurn(page, 'stopped');
    await page.locator('.turn:last-child').hover();
    await page.locator('.turn:last-child button[aria-label="Edit your message"]').click();
  }],
  ['image', async (page) => {
    await page.click('#editing-leave');
    await page.setInputFiles('#files', { name: 'dot.png', mimeType: 'image/png', buffer: DOT });
    await page.locator('#attachments img').waitFor();
    await page.fill('#input', 'A draft beside an image');
  }],
  ['not-taken', async (page) => {
    await page.setInputFiles('#files', { name: 'notes.txt', mimeType: 'text/plain', buffer: DOT });
    await page.locator('#not-taken:not([hidden])').waitFor();
  }],
  ['too-large', async (page) => {
    await page.fill('#input', 'x'.repeat(70000));
    await page.locator('#too-large:not([hidden])').waitFor();
  }],
  ['lines', async (page) => {
    await page.click('#attachments button');
    await page.fill('#input', 'one line,\nanother,\n\nand a third one that is longer than there is room for in a line');
  }],
  ['list', async (page) => {
    await newThread(page, LONG);
    await newThread(page, HEBREW);
    await openList(page);
  }],
  ['search', async (page) => {
    await page.fill('#search', 'words');
    await page.locator(`.threads:not(:has-text("${HEBREW}"))`).waitFor();
  }],
  ['search-nothing', async (page) => {
    await page.fill('#search', 'no such words');
    await page.locator('#no-threads:has-text("No title")').waitFor();
  }],
  ['rename', async (page) => {
    await page.fill('#search', '');
    await press(page, LONG, 'Rename');
    await page.locator('#rename-dialog[open]').waitFor();
  }],
  ['delete', async (page) => {
    await page.click('#rename-dialog button[value=keep]');
    await press(page, LONG, 'Delete');
    await page.locator('#delete-dialog[open]').waitFor();
  }],
  ['draft', async (page) => {
    await page.click('#delete-dialog button[value=keep]');
    await page.locator('.thread', { hasText: 'code' }).click();
    await page.locator('.turn').first().waitFor();
    await closeList(page);
  }],
  ['offline', async (page, relay) => {
    await page.context().setOffline(true);
    relay.refuse(true);
    relay.cut();
    await page.locator('#pill[data-status=reconnecting]').waitFor();
    await page.click('#send');
    await lastTurn(page, 'waiting');
  }],
  ['nothing', async (page, relay) => {
    relay.refuse(false);
    await page.context().setOffline(false);
    await status(page, 'connected');
    await lastTurn(page, 'done');
    await openList(page);
    await page.locator('.thread', { hasText: HEBREW }).click();
    await page.locator('.turn').waitFor();
    await page.route('**/messages', (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.locator('.nothing').waitFor();
  }],
  ['history-403', async (page) => {
    await page.unroute('**/messages');
    await page.route('**/messages', (route) => route.fulfill({ status: 403 }));
    await page.reload();
    await page.locator('.view > .notice').waitFor();
    await page.unroute('**/messages');
  }],
  ['refused-401', (page) => refuse(page, 401)],
  ['refused-403', (page) => refuse(page, 403)],
  ['refused-404', (page) => refuse(page, 404)],
];

const agent = await startAgent((run) => (ANSWERS[run.prompt] ?? ANSWERS.text)(run));
const browser = await launchBrowser();
let wrong = 0;

async function look(name, options) {
  const gateway = await startGateway({
    agent,
    threads: true,
    directives: 'thread_ws_resume 1m; thread_ws_keep_partial on; thread_ws_events all; thread_ws_max_message_size 64k;'
      + [401, 403, 404].map((code) => `if ($cookie_refuse = ${code}) { return ${code}; }`).join('\n'),
  });
  const relay = await startRelay(gateway.port);
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();

  context.setDefaultTimeout(DEADLINE);
  try {
    await page.goto(`http://127.0.0.1:${relay.port}/`);
    await status(page, 'connected');
    for (const [state, enter] of STATES) {
      await enter(page, relay);
      await page.screenshot({ path: path.join(dir, `${state}-${name}.png`) });

      const found = await violations(page);

      wrong += found.length;
      console.log(`${state}-${name}: ${found.length ? JSON.stringify(found) : 'ok'}`);
    }
  } finally {
    await context.close();
    await relay.stop();
    await gateway.stop();
  }
}

try {
  await mkdir(dir, { recursive: true });
  await Promise.all(Object.entries(LOOKS).filter(([name]) => !wanted.length || wanted.includes(name))
    .map((it) => look(...it)));
} finally {
  await browser.close();
  await agent.stop();
}
process.exitCode = wrong ? 1 : 0;
