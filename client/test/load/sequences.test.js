/**
 * What users and networks do, by chance, against a model: sent, cancelled,
 * lost, reloaded, hidden behind another tab, page left and come back. No text is
 * lost, told twice or told of another message; nothing fails that nobody
 * cancelled; each message asks the agent once. SEQUENCES says how many, SEED
 * which.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ThreadConnection } from '../../src/index.js';
import { WebSocket } from 'ws';

import { history, newThread, useGateway } from '../helpers/chat.js';
import { startRelay } from '../helpers/net.js';

const context = useGateway({ directives: 'thread_ws_resume 2m keep=10m; thread_ws_busy queue;' });

const SEQUENCES = Number(process.env.SEQUENCES ?? 40);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const AT_ONCE = 6;
const STEPS = 12;
const STEPS_A_RELOAD = 5;

/* mulberry32 */
function chance(seed) {
  let a = seed;

  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/* what the agent says to a message: some words that name it */
const answerTo = (prompt) => Array.from({ length: 5 }, (_, i) => `${prompt} ${i};`);

class Conversation {
  tabs = [];
  sent = new Map();
  log = [];

  constructor(seed, gateway, relay) {
    this.random = chance(seed);
    this.gateway = gateway;
    this.relay = relay;
    this.threadId = newThread();
    this.seed = seed;
  }

  open() {
    const connection = new ThreadConnection(this.threadId, {
      WebSocket, network: null, fetch: null, backoff: [5, 10, 20], retryEveryMs: 20, restartSpreadMs: 5,
      url: `ws://127.0.0.1:${this.relay.port}/api/chat/ws`,
    });

    /* what this tab has heard the end of may be told once more: it had asked for
       it, or sent it again, when the end was on its way */
    const ended = new Set();

    connection.on('event', ({ type, requestId }) => {
      if (['final', 'error', 'cancelled'].includes(type)) {
        ended.add(requestId);
      }
    });
    connection.on('warning', (warning) => {
      if (warning.message !== 'no such run' || !ended.has(warning.data.requestId)) {
        this.log.push(`warning ${JSON.stringify(warning)}`);
      }
    });
    connection.on('run', (run) => this.watch(connection, run));
    this.tabs.push(connection);
    return connection;
  }

  /* what a tab is told of a run is the beginning of what was meant, at all times */
  watch(connection, run) {
    const meant = answerTo(run.content).join('');
    let told = '';

    connection.send(run.content, {
      requestId: run.requestId,
      onToken: (delta) => {
        told += delta;
        if (!meant.startsWith(told)) {
          this.log.push(`told ${JSON.stringify(told)} of ${run.content}`);
        }
      },
      onReset: () => {
        told = '';
        this.log.push(`reset of ${run.content}`);
      },
    });
    run.then(({ message }) => {
      /* who has cancelled too late hears no more of it but the end */
      if (message !== meant || (told !== meant && !this.sent.get(run.content).cancelled)) {
        this.log.push(`ended ${JSON.stringify([message, told])} of ${run.content}`);
      }
    }, () => {});
    return run;
  }

  send() {
    const tab = this.tabs[this.random(this.tabs.length)];
    const content = `m${this.seed}.${this.sent.size}`;
    const run = this.watch(tab, tab.send(content));
    const entry = { content, run, tab, cancelled: false, failed: null };

    this.sent.set(content, entry);
    run.catch((error) => { entry.failed = error; });
  }

  async step() {
    const pending = [...this.sent.values()].filter(({ content }) =>
      this.tabs.some(({ runs }) => runs.some((run) => run.content === content)));

    switch (this.random(9)) {
      case 0: case 1: case 2:
        this.send();
        break;
      case 3:
        if (pending.length) {
          const entry = pending[this.random(pending.length)];
          const tab = this.tabs[this.random(this.tabs.length)];
          const run = tab.runs.find(({ content }) => content === entry.content);

          if (run) {
            entry.cancelled = true;
            run.cancel();
          }
        }
        break;
      case 4:
        this.relay.cut();
        break;
      case 5:
        this.relay.refuse(true);
        this.relay.cut();
        await new Promise((resolve) => { setTimeout(resolve, this.random(40)); });
        this.relay.refuse(false);
        break;
      case 6:
        if (this.tabs.length < 3) {
          this.open();
        } else {
          this.leave(this.random(this.tabs.length));
        }
        break;
      case 7:
        /* the page is loaded anew */
        this.leave(this.random(this.tabs.length));
        if (!this.tabs.length) {
          this.open();
        }
        break;
      default:
        await new Promise((resolve) => { setTimeout(resolve, this.random(30)); });
    }
  }

  /* what a page had not got rid of when it goes may or may not have been heard */
  leave(index) {
    const [tab] = this.tabs.splice(index, 1);

    for (const entry of this.sent.values()) {
      if (entry.tab === tab && tab.runs.includes(entry.run)) {
        entry.left = true;
      }
    }
    tab.close();
  }

  async end(agent) {
    /* until each tab has heard the end of all */
    await Promise.all(this.tabs.map(async (tab) => {
      while (tab.runs.length) {
        await Promise.allSettled(tab.runs);
      }
    }));
    const last = this.open();
    for (let [run] = await last.underWay(); run; [run] = last.runs) {
      await run.catch(() => {});
    }

    /* a reload may close the connection that it would have gone by */
    const get = () => history(this.gateway, this.threadId);
    const messages = await get().catch(get).catch(get);
    const kept = new Map();
    for (let i = 0; i < messages.length; i += 2) {
      if (kept.has(messages[i].content)) {
        this.log.push(`kept twice: ${messages[i].content}`);
      }
      kept.set(messages[i].content, messages[i + 1].content);
    }

    for (const { content, failed, cancelled, left } of this.sent.values()) {
      const asked = agent.asked.get(content) ?? 0;

      if (kept.has(content) && kept.get(content) !== answerTo(content).join('')) {
        this.log.push(`kept ${kept.get(content)} of ${content}`);
      }
      if (!kept.has(content) && !cancelled && !left) {
        this.log.push(`lost ${content}: ${failed}`);
      }
      if (failed && !(failed.code === 'CANCELLED' && cancelled) && !(failed.code === 'CLOSED' && left)) {
        this.log.push(`failed ${content}: ${failed.code} ${failed.message}`);
      }
      if (asked > 1) {
        this.log.push(`asked ${asked} times: ${content}`);
      }
    }

    this.tabs.forEach((tab) => tab.close());
    return this.log.map((line) => `SEED=${this.seed}: ${line}`);
  }
}

test(`${SEQUENCES} sequences, from ${SEED}`, async (t) => {
  const { agent, gateway } = context;
  const wrong = [];
  let next = SEED;
  let runs = 0;
  let reloads = 0;

  agent.asked = new Map();
  agent.respond = (run) => {
    agent.asked.set(run.prompt, (agent.asked.get(run.prompt) ?? 0) + 1);
    run.tell(answerTo(run.prompt), 6);
  };

  /* by what was done, not by time: a busy machine would reload and no more */
  let steps = 0;
  let reload = Promise.resolve();
  const stepped = () => {
    if (++steps % STEPS_A_RELOAD === 0) {
      reload = reload.then(() => gateway.reload());
      reloads++;
    }
    return reload;
  };

  const work = async () => {
    while (next < SEED + SEQUENCES) {
      const relay = await startRelay(gateway.port);
      const conversation = new Conversation(next++, gateway, relay);

      conversation.open();
      for (let i = 0; i < STEPS; i++) {
        await conversation.step();
        await stepped();
      }
      wrong.push(...await conversation.end(agent));
      runs += conversation.sent.size;
      await relay.stop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  t.diagnostic(`${runs} messages, ${agent.requests} requests, ${reloads} reloads`);
  assert.deepEqual(wrong, []);
});
