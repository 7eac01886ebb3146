/**
 * What a visitor and his network do with the page, by chance, against a model:
 * sent, stopped, edited, page loaded anew, another tab, connections lost, no
 * network, nginx reloaded, a worker killed. In the end each tab shows what the
 * server has, in its order: no text is lost, shown twice or under another message,
 * nothing says that something is wrong which has mended itself, and each message
 * asks the agent once, and once more where a killed worker had it and the visitor
 * tries again. PAGES says how many, AT_ONCE how many of them at a time, whose nginx
 * is one: SEED which. What is wrong is said as soon as it is found, and how far it is
 * after every EACH visits.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { createChance } from '../helpers/chance.js';
import { history } from '../helpers/chat.js';
import { startRelay } from '../helpers/net.js';
import { DEADLINE, usePages } from '../helpers/page.js';

const context = usePages({
  workers: 2,
  directives: 'thread_ws_resume 2m keep=10m; thread_ws_keep_partial on;',
});

const PAGES = Number(process.env.PAGES ?? 1);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const AT_ONCE = Number(process.env.AT_ONCE ?? 2);
const EACH = 20;
/* what is drawn costs most of a visit */
const LEAST = { reducedMotion: 'reduce', viewport: { width: 800, height: 300 } };
const STEPS = 14;

const STEP = ['sent', 'sent', 'sent', 'sent', 'stopped', 'loaded anew', 'tab', 'lost',
  'without network', 'reload', 'kill', 'another answer'];

const answerTo = (prompt) => Array.from({ length: 6 }, (_, i) => `${prompt} ${i};`);

/* those that are under way */
const visits = new Set();
let kills = 0;

const say = (line) => process.stderr.write(`${line}\n`);

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/* what a tab shows, and whether nothing goes on */
const shown = (page) => page.evaluate(() => ({
  rests: document.querySelector('#pill').dataset.status === 'connected'
    && !document.querySelector('[aria-busy="true"], .view > .loading')
    && document.querySelector('#stop').hidden,
  stop: !document.querySelector('#stop').hidden,
  loading: document.querySelector('.view > .loading')?.innerText,
  banner: !document.querySelector('#banner').hidden,
  notices: [...document.querySelectorAll('.view > :is(.notice, .nothing)')].map((it) => it.innerText),
  turns: [...document.querySelectorAll('.turn')].map((it) => ({
    phase: it.dataset.phase,
    question: it.querySelector('.question p')?.innerText,
    answer: it.querySelector('.prose').innerText,
    notice: it.querySelector('.notice:not([hidden])')?.innerText ?? '',
  })),
}));

class Visit {
  tabs = [];
  log = [];
  /* what was done */
  steps = [];
  sent = [];
  killed = false;

  constructor(seed, { browser, gateway, agent }, relay) {
    this.seed = seed;
    this.random = createChance(Math.imul(seed, 2654435761));
    this.browser = browser;
    this.gateway = gateway;
    this.agent = agent;
    this.relay = relay;
  }

  async begin() {
    this.own = await this.browser.newContext(LEAST);
    await this.open();
    this.threadId = new URL(this.tabs[0].url()).hash.slice(1);
  }

  async open() {
    const page = await this.own.newPage();

    page.setDefaultTimeout(DEADLINE);
    page.on('pageerror', (error) => this.log.push(error.stack || String(error)));
    this.tabs.push(page);
    await this.load(page, async () => {
      /* to the same address there is no way but by another one */
      await page.goto('about:blank');
      await page.goto(`http://127.0.0.1:${this.relay.port}/#${this.threadId ?? ''}`);
    });
    await page.locator('#pill').waitFor();
  }

  /* a page whose files are cut off, by whomever, is no page */
  async load(page, go) {
    do {
      await go().catch(() => {});
    } while (!await page.locator('.view').count());
  }

  async send(page) {
    const content = `m${this.seed}.${this.sent.length}`;

    /* what is under way gives way to it */
    this.free();
    this.sent.push({ content, tab: page, asks: 1, free: false });
    await page.fill('#input', content);
    await page.press('#input', 'Enter');
    return content;
  }

  /* a worker is killed: whatever it had of this */
  bereave() {
    this.free();
    this.killed = true;
  }

  /* what may be gone by now, by somebody's doing */
  free() {
    this.sent.forEach((it) => { it.free = true; });
  }

  /* another answer to one of the last questions, in the place of all since */
  async again(page) {
    const button = (await page.$$('button[aria-label="Another answer"]')).at(-1);

    if (button) {
      const content = await button.evaluate((it) =>
        it.closest('.turn').querySelector('.question p').innerText);

      this.free();
      this.sent.find((it) => it.content === content).asks++;
      await button.click({ timeout: 1000 });
    }
  }

  async step() {
    const page = this.tabs[this.random(this.tabs.length)];

    const step = this.random(14);

    this.steps.push(`${STEP[step] ?? 'waited'}@${this.tabs.indexOf(page)}`);
    switch (step) {
      case 0: case 1: case 2: case 3:
        await this.send(page);
        break;
      case 4:
        this.free();
        await page.keyboard.press('Escape');
        break;
      case 5:
        await this.load(page, () => page.reload());
        break;
      case 6:
        if (this.tabs.length < 2) {
          await this.open();
        } else {
          /* what it had not got rid of is in its browser, for who comes back */
          this.sent.filter(({ tab }) => tab === page).forEach((it) => { it.free = true; });
          await page.close();
          this.tabs.splice(this.tabs.indexOf(page), 1);
        }
        break;
      case 7:
        this.relay.cut();
        break;
      case 8:
        await this.own.setOffline(true);
        this.relay.refuse(true);
        this.relay.cut();
        if (this.random(2)) {
          await this.send(page);
        }
        await pause(this.random(100));
        this.relay.refuse(false);
        await this.own.setOffline(false);
        break;
      case 9:
        await this.gateway.reload();
        break;
      case 10:
        if (!this.random(2)) {
          kills++;
          visits.forEach((it) => it.bereave());
          await this.gateway.killWorker();
        }
        break;
      case 11:
        /* it may be gone before it is pressed */
        await this.again(page).catch(() => {});
        break;
      default:
        await pause(this.random(120));
    }
  }

  async settle() {
    await Promise.all(this.tabs.map(async (page) => {
      try {
        await page.waitForFunction(() =>
          document.querySelector('#pill').dataset.status === 'connected'
          && !document.querySelector('[aria-busy="true"], .view > .loading')
          && document.querySelector('#stop').hidden);
      } catch (error) {
        this.log.push(`never comes to rest: ${await page.innerText('#pill')} ${
          JSON.stringify(await shown(page))}`);
        throw error;
      }
    }));
  }

  /* what somebody has to see to, he sees to */
  async tryAgain(page) {
    for (;;) {
      const again = page.locator('.turn[data-phase=failed] button:text-is("Try again")');

      await this.settle();
      if (!await again.count()) {
        return;
      }
      const turn = again.first().locator('xpath=ancestor::article');
      const said = await turn.innerText();
      const question = await turn.locator('.question p').innerText();

      if (!this.killed && !/The page was left/.test(said)) {
        this.log.push(`failed: ${said}`);
      }
      this.sent.find(({ content }) => content === question).asks++;
      await again.first().click();
    }
  }

  async end() {
    for (const page of this.tabs) {
      await this.tryAgain(page);
    }

    const lost = this.sent.filter(({ free }) => !free).map(({ content }) => content);

    /* a last message, which is answered: all tabs come to the same */
    const last = await this.send(this.tabs[0]);
    await this.tryAgain(this.tabs[0]);
    await Promise.all(this.tabs.map((page) => page.locator(
      `.turn:last-child[data-phase=done]:has(.question p:text-is("${last}"))`).waitFor()));
    await this.settle();

    const get = () => history(this.gateway, this.threadId);
    const messages = await get().catch(get);
    const kept = messages.filter(({ role }) => role === 'user').map(({ content }, i) =>
      [content, messages[2 * i + 1].content]);

    for (const page of this.tabs) {
      let now;

      /* another visit's doing may have cut it off */
      do {
        now = await shown(page);
      } while (!now.rests && await this.settle().then(() => true));
      this.check(now, kept);
    }
    for (const content of lost.filter((it) => !kept.some(([name]) => name === it))) {
      this.log.push(`lost ${content}`);
    }
    this.count(kept);
  }

  get said() {
    return this.log.map((line) => `SEED=${this.seed} PAGES=1: ${line} (${this.steps.join(', ')})`);
  }

  check({ banner, notices, turns }, kept) {
    const names = new Set(kept.map(([content]) => content));
    const of = turns.filter(({ phase, notice }) => phase === 'done' || /keeps/.test(notice))
      .map(({ question, answer }) => [question, answer]);

    if (banner || notices.length) {
      this.log.push(`says ${JSON.stringify(notices)}, banner ${banner}`);
    }
    if (JSON.stringify(of) !== JSON.stringify(kept.map(([content, answer]) => [content, answer.trim()]))) {
      this.log.push(`shows ${JSON.stringify(turns)} for ${JSON.stringify(kept)}`);
    }
    for (const { question, answer, phase, notice } of turns) {
      if (!answerTo(question).join('').startsWith(answer)
        || (phase === 'done' && !answer && !notice)) {
        this.log.push(`shows ${JSON.stringify([phase, answer])} under ${question}`);
      }
      if (!names.has(question) && phase === 'done') {
        this.log.push(`shows ${question} as answered, which is not kept`);
      }
      if (notice && phase !== 'stopped') {
        this.log.push(`${question}: ${notice}`);
      }
    }
  }

  count(kept) {
    for (const { content, asks } of this.sent) {
      const asked = this.agent.asked.get(content) ?? 0;

      if (asked > asks) {
        this.log.push(`asked ${asked} times: ${content}`);
      }
      if (kept.filter(([name]) => name === content).length > 1) {
        this.log.push(`kept twice: ${content}`);
      }
    }
  }
}

test(`${PAGES} visits, from ${SEED}`, async (t) => {
  const { agent, gateway } = context;
  const wrong = [];
  let next = SEED;
  let sent = 0;
  let done = 0;

  agent.asked = new Map();
  agent.respond = (run) => {
    agent.asked.set(run.prompt, (agent.asked.get(run.prompt) ?? 0) + 1);
    run.tell(answerTo(run.prompt), 20);
  };

  const work = async () => {
    while (next < SEED + PAGES) {
      const seed = next++;
      const relay = await startRelay(gateway.port);
      const visit = new Visit(seed, context, relay);

      visits.add(visit);
      try {
        await visit.begin();
        for (let i = 0; i < STEPS; i++) {
          await visit.step();
        }
        await visit.end();
      } catch (error) {
        visit.log.push(error.stack);
      }
      visits.delete(visit);
      visit.said.forEach(say);
      wrong.push(...visit.said);
      sent += visit.sent.length;
      if (++done % EACH === 0) {
        say(`${done} visits, ${sent} messages, ${kills} kills, ${wrong.length} wrong`);
      }
      await visit.own.close();
      await relay.stop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  t.diagnostic(`${sent} messages, ${agent.requests} requests`);
  assert.deepEqual(wrong, []);
  assert.deepEqual(gateway.bad, []);
  assert.equal(gateway.killed, kills);
});
