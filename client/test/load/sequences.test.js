/**
 * What users and networks do, by chance, against a model: sent, cancelled, lost,
 * silent, without network, another tab, page left and come back, nginx reloaded, a
 * worker killed. No text is lost, told twice or told of another message; nothing
 * fails that nobody cancelled or killed; each message asks the agent once, and once
 * more where somebody has sent again what a killed worker had. SEQUENCES says how
 * many, AT_ONCE how many of them at a time, SEED which.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ThreadConnection } from '../../src/index.js';
import { WebSocket } from 'ws';

import { createChance } from '../helpers/chance.js';
import { history, newThread, useGateway } from '../helpers/chat.js';
import { startRelay } from '../helpers/net.js';

const context = useGateway({
  workers: 2,
  directives: 'thread_ws_resume 2m keep=10m; thread_ws_busy queue;',
});

const SEQUENCES = Number(process.env.SEQUENCES ?? 40);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const AT_ONCE = Number(process.env.AT_ONCE ?? 6);
const STEPS = 12;
/* each of them is reloaded once a step, nearly, and a worker killed in one of six */
const STEPS_A_RELOAD = AT_ONCE;
const RELOADS_A_KILL = 6;

/* what the agent says to a message: some words that name it */
const answerTo = (prompt) => Array.from({ length: 5 }, (_, i) => `${prompt} ${i};`);

class Conversation {
  tabs = [];
  sent = new Map();
  log = [];
  again = 0;

  constructor(seed, gateway, relay) {
    this.random = createChance(Math.imul(seed, 2654435761));
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
    const entry = { content, tab, asks: 1, kills: 0, cancelled: false, failed: null };

    this.sent.set(content, entry);
    this.attempt(entry);
  }

  /* what a killed worker has had is sent again, as a user would */
  attempt(entry, requestId) {
    const run = this.watch(entry.tab, entry.tab.send(entry.content, { requestId }));

    entry.run = run;
    run.catch((error) => {
      if (error.code === 'RUN_LOST' && entry.kills) {
        entry.kills--;
        entry.asks++;
        this.again++;
        this.attempt(entry, run.requestId);
      } else {
        entry.failed = error;
      }
    });
  }

  /* a worker was: whichever of these it had */
  killed() {
    this.underWay().forEach((entry) => { entry.kills++; });
  }

  underWay() {
    return [...this.sent.values()].filter(({ content }) =>
      this.tabs.some(({ runs }) => runs.some((run) => run.content === content)));
  }

  async step() {
    const pending = this.underWay();

    switch (this.random(10)) {
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
      case 8:
        /* what is on its way then is lost */
        this.relay.silent(true);
        await new Promise((resolve) => { setTimeout(resolve, this.random(40)); });
        this.relay.cut();
        this.relay.silent(false);
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
    for (let runs; (runs = this.tabs.flatMap((tab) => tab.runs)).length;) {
      await Promise.allSettled(runs);
    }
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

    for (const { content, asks, failed, cancelled, left } of this.sent.values()) {
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
      if (asked > asks) {
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
  let kills = 0;
  let again = 0;
  const all = new Set();

  agent.asked = new Map();
  agent.respond = (run) => {
    agent.asked.set(run.prompt, (agent.asked.get(run.prompt) ?? 0) + 1);
    run.tell(answerTo(run.prompt), 6);
  };

  /* by what was done, not by time: a busy machine would reload and no more */
  let steps = 0;
  let reload = Promise.resolve();
  const kill = async () => {
    kills++;
    all.forEach((it) => it.killed());
    await gateway.killWorker(kills % 2);
  };
  const stepped = () => {
    if (++steps % STEPS_A_RELOAD === 0) {
      reload = reload.then(() => (++reloads % RELOADS_A_KILL ? gateway.reload() : kill()));
    }
    return reload;
  };

  const work = async () => {
    while (next < SEED + SEQUENCES) {
      const relay = await startRelay(gateway.port);
      const conversation = new Conversation(next++, gateway, relay);

      all.add(conversation);
      conversation.open();
      for (let i = 0; i < STEPS; i++) {
        await conversation.step();
        await stepped();
      }
      wrong.push(...await conversation.end(agent));
      all.delete(conversation);
      runs += conversation.sent.size;
      again += conversation.again;
      await relay.stop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  t.diagnostic(`${runs} messages, ${agent.requests} requests, ${reloads - kills} reloads, ${kills} kills, ${again} lost by these`);
  assert.deepEqual(wrong, []);
  assert.deepEqual(gateway.bad, []);
  assert.equal(gateway.killed, kills);
});
