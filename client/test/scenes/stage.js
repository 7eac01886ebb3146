/**
 * Scenes: what a user does in a page of a stock client, what the agent is asked and
 * says, and what the page shows then. They are the files *.scenes beside this one:
 *
 *   === NAME: CLIENT* CLIENT …   with a star where nothing else is asked for
 *   > [CHAT: ]VERB …             the user; CHAT is x
 *   @ VERB …                     the agent, to its latest request
 *   ! VERB …                     the network, nginx
 *   = [CHAT: ]STATE              waits until the page shows that; * is anything
 *   * [CHAT: ]TEXT               a question, and its answer
 *   + NAME                       the lines of another scene
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { startAgent } from '../helpers/agent.js';
import { startGateway } from '../helpers/gateway.js';
import { startRelay } from '../helpers/net.js';
import { launchBrowser } from '../helpers/page.js';
import { createQueue } from '../helpers/queue.js';

const DEADLINE = Number(process.env.SCENE_DEADLINE ?? 30000);

const here = path.dirname(fileURLToPath(import.meta.url));
const client = path.join(here, '../..');

/* the page of each client, and how it gets to the gateway */
export const CLIENTS = {
  ws: { page: 'ai-7', kind: 'ws', wire: 'ai-sdk' },
  5: { page: 'ai-5', kind: 'http', wire: 'ai-sdk' },
  6: { page: 'ai-6', kind: 'http', wire: 'ai-sdk' },
  7: { page: 'ai-7', kind: 'http', wire: 'ai-sdk' },
  'ag-ui': { page: 'agents', kind: 'ag-ui', wire: 'ag-ui' },
  tanstack: { page: 'agents', kind: 'tanstack', wire: 'ag-ui' },
  'tanstack-http': { page: 'agents', kind: 'tanstack-http', wire: 'ag-ui' },
};

const ALIASES = {
  'ai-5': { ai: 'ai-5', '@ai-sdk/react': 'ai-sdk-react-5' },
  'ai-6': {},
  'ai-7': { ai: 'ai-7', '@ai-sdk/react': 'ai-sdk-react-7' },
};

export function parse(file) {
  const scenes = [];

  for (const line of readFileSync(path.join(here, file), 'utf8').split('\n')) {
    const [, name, clients] = /^=== ([\w-]+): ?(.*)$/.exec(line) ?? [];

    if (name) {
      scenes.push({ name, steps: [], clients: clients.split(' ').filter(Boolean) });
    } else if (line.startsWith('+ ')) {
      const other = scenes.find((scene) => scene.name === line.slice(2));

      scenes.at(-1).steps.push(...other.steps);
    } else if (line && !line.startsWith('#')) {
      scenes.at(-1).steps.push(line);
    }
  }
  return scenes;
}

/* the locations of a wire, one for each way of its server to be */
const locations = (wire) => Object.entries({
  '': 'thread_ws_resume 1m;',
  '-plain': '',
  '-stop': 'thread_ws_resume 1m http_abort=on;',
  '-queue': 'thread_ws_resume 1m; thread_ws_busy queue;',
  '-reject': 'thread_ws_resume 1m; thread_ws_busy reject;',
  '-graph': 'thread_ws_resume 1m; thread_ws_dialect langgraph;',
  '-asks': 'thread_ws_resume 1m; thread_ws_dialect langgraph;',
  '-body': 'thread_ws_client_parameters temperature;',
  '-refused': 'if ($arg_refuse = 401) { return 401 "who are you"; } return 503 "not now";',
  '-cors': `thread_ws_origins any;
            add_header Access-Control-Allow-Origin $http_origin always;
            add_header Access-Control-Allow-Headers content-type always;
            if ($request_method = OPTIONS) { return 204; }`,
  '-demo': 'thread_ws_resume 1m; thread_ws_pass /demo;',
}).map(([kind, directives]) => `
        location ^~ /${wire}${kind} {
            ${directives.includes('pass') ? '' : 'thread_ws_pass /agent;'}
            thread_ws_protocol ${kind === '-asks' ? wire.replace('sdk', 'sdk=6') : wire};
            thread_ws_http on;
            thread_ws_store memory;
            thread_ws_events all;
            ${directives}
        }`).join('\n');

const configuration = (agent) => (port, dir) => `
    thread_ws_zone main:16m;
    client_max_body_size 8m;
    thread_ws_max_message_size 8m;
    client_body_buffer_size 64k;

    server {
        listen 127.0.0.1:${port};
        root ${dir};
        ${locations('ai-sdk')}
        ${locations('ag-ui')}

        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:${agent.port};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }

        location = /demo {
            internal;
            thread_ws_demo_agent delay=1ms;
        }
    }`;

async function bundle(dir, pages) {
  await Promise.all(pages.map(async (page) => {
    await writeFile(path.join(dir, `${page}.html`), '<!doctype html><meta charset="utf-8">'
      + `<link rel="icon" href="data:,"><body><script src="${page}.js"></script>`);
    await build({
      entryPoints: [path.join(here, page === 'agents' ? 'agents.js' : 'use-chat.jsx')],
      outfile: path.join(dir, `${page}.js`),
      absWorkingDir: client,
      nodePaths: [path.join(client, 'node_modules')],
      alias: ALIASES[page],
      /* StrictMode mounts twice in this one alone */
      define: { 'process.env.NODE_ENV': '"development"' },
      bundle: true,
      jsx: 'automatic',
      logLevel: 'error',
    });
  }));
}

export async function setTheStage(t, pages) {
  const agent = await startAgent();
  let dir;
  const gateway = await startGateway({
    agent,
    workers: 2,
    http(port, own) {
      dir = own;
      return configuration(agent)(port, own);
    },
  });
  const relay = await startRelay(gateway.port);
  const browser = await launchBrowser();

  t.after(async () => {
    await browser.close();
    await relay.stop();
    await gateway.stop();
    await agent.stop();
  });
  await bundle(dir, pages);

  return { agent, gateway, relay, browser, url: `http://127.0.0.1:${relay.port}/` };
}

const content = (value) => (typeof value === 'string' ? value
  : (value ?? []).map((part) => part.text ?? `<${part.type}>`).join('|'));

/* what does not come is a failure of its step */
async function soon(promise) {
  const waited = new AbortController();

  try {
    return await Promise.race([promise, delay(DEADLINE, undefined, waited)
      .then(() => assert.fail('it has not come'))]);
  } finally {
    waited.abort();
  }
}

/* what the agent was asked, in one line */
const asked = ({ messages }) => messages.map((message) => [
  content(message.content),
  ...(message.tool_calls ?? []).map(({ function: f }) => `${f.name} ${f.arguments}`),
].filter(Boolean).join('|')).join(' / ');

const graph = (event, data) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const agentVerbs = {
  say: (run, text) => run.token(text),
  answer: (run, text) => run.answer(...text.split(/(?<= )/)),
  think: (run, text) => run.start().chunk({ delta: { reasoning_content: text } }),
  source: (run, url) => run.start().chunk({
    delta: { annotations: [{ type: 'url_citation', url_citation: { url, title: 'A' } }] },
  }),
  call(run, text) {
    const [name, args] = text.split(/ (.*)/);

    run.calls = (run.calls ?? -1) + 1;
    run.start().chunk({ delta: { tool_calls: [{
      index: run.calls, id: `call-${name}-${run.calls}`, type: 'function',
      function: { name, arguments: args },
    }] } });
  },
  finish(run, reason) {
    run.finished = true;
    run.start().chunk({ delta: {}, finish_reason: reason });
    run.res.end('data: [DONE]\n\n');
  },
  error(run, message) {
    run.finished = true;
    run.start().res.end(`data: ${JSON.stringify({ error: { message } })}\n\n`);
  },
  fail(run, text) {
    const [status, message] = text.split(/ (.*)/);

    run.fail(Number(status), message);
  },
  reply(run, text) {
    const [status, type, body = ''] = text.split(/ (\S+) ?(.*)/);

    run.finished = true;
    run.res.writeHead(Number(status), type === '-' ? {} : { 'Content-Type': type });
    run.res.end(body.replaceAll('\\n', '\n').replaceAll('\\r', '\r'));
  },
  raw: (run, text) => run.start().res.write(text.replaceAll('\\n', '\n').replaceAll('\\r', '\r')),
  end(run) {
    run.finished = true;
    run.res.end();
  },
  cut(run) {
    run.finished = true;
    run.res.destroy();
  },
  async gone(run) {
    assert.equal(await soon(run.aborted), true);
  },
  body(run, json) {
    for (const [name, value] of Object.entries(JSON.parse(json))) {
      assert.deepEqual(run.body[name], value);
    }
  },
  ask(run, json) {
    run.finished = true;
    run.graph().res.end(graph('updates', {
      __interrupt__: [{ value: JSON.parse(json), id: 'a'.repeat(32) }],
    }));
  },
  resumed(run, json) {
    assert.deepEqual(run.body.command, { resume: { ['a'.repeat(32)]: JSON.parse(json) } });
  },
  said(run, text) {
    run.finished = true;
    run.graph().res.end(graph('messages', [{ type: 'ai', id: 'b', content: text }, {}]));
  },
};

const FILES = Object.fromEntries(Object.entries({
  data: 'data:image/png;base64,iVBORw0KGgo=',
  https: 'https://example.org/a.png',
  big: `data:image/png;base64,${'A'.repeat(2 << 20)}`,
}).map(([name, url]) => [name, { type: 'file', mediaType: 'image/png', url }]));

/* what a user's words are to the page */
const VERBS = {
  send: (text) => ['send', { text }],
  json: (text) => ['send', ...JSON.parse(`[${text}]`)],
  file(text) {
    const [names, words] = text.split(/ (.*)/);

    return ['send', {
      ...(words && { text: words }), files: names.split(',').map((name) => FILES[name]),
    }];
  },
  stop: () => ['stop'],
  resume: () => ['resume'],
  disconnect: () => ['disconnect'],
  again: (text) => ['again', ...(text ? [Number(text)] : [])],
  edit(text) {
    const [index, words] = text.split(/ (.*)/);

    return ['edit', Number(index), words];
  },
  output: (json) => ['output', JSON.parse(json)],
  failed: () => ['output'],
  approve: () => ['answer', true],
  deny: (reason) => ['answer', false, reason || undefined],
  answer: (json) => ['answer', JSON.parse(json)],
  cancel: () => ['answer'],
};

const pattern = (state) => `^${state.split('*')
  .map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`;

/* one scene, of one client */
export class Scene {
  constructor(stage, name, { page, kind, wire }) {
    Object.assign(this, stage);
    this.name = name;
    this.bundle = page;
    this.kind = kind;
    this.wire = wire;
    this.place = '';
    this.runs = [];
    this.chats = new Map();
    this.wrong = [];
    this.requests = createQueue();
    this.from = stage.agent.requests;
    stage.agent.respond = this.requests.push;
  }

  get run() {
    return this.runs.at(-1);
  }

  async page() {
    const page = await this.context.newPage();

    page.setDefaultTimeout(DEADLINE);
    page.on('pageerror', (error) => this.wrong.push(error.stack || String(error)));
    await page.goto(`${this.url}${this.bundle}.html`);
    return page;
  }

  async begin() {
    this.context = await this.browser.newContext();
    this.first = await this.page();
  }

  async open(name, options, page = this.first) {
    const { like, url = '', elsewhere, ...rest } = options;
    const host = elsewhere ? this.url.replace('127.0.0.1', 'localhost') : this.url;
    const base = `${host}${this.wire}${this.place}${url}`;

    this.chats.set(name, page);
    await page.evaluate(([chat, props]) => window.stage.open(chat, props), [name, {
      id: `${this.name}-${like ?? name}`,
      like,
      ...rest,
      transport: {
        kind: this.kind,
        url: this.kind === 'ws' || this.kind === 'tanstack' ? base.replace('http:', 'ws:') : base,
        ...rest.transport,
      },
    }]);
    this.opened = { ...this.opened, [name]: options };
  }

  async call(name, verb, ...args) {
    if (!this.chats.has(name)) {
      await this.open(name, {});
    }
    await this.chats.get(name).evaluate((all) => window.stage.call(...all), [name, verb, args]);
  }

  /* what a chat said when it was left, for one that comes back */
  async messages(name, keep) {
    const { messages } = await this.chats.get(name)
      .evaluate((chat) => window.stage.left(chat), name);

    return messages.slice(0, keep);
  }

  async user(name, verb, text) {
    switch (verb) {
      case 'at':
        this.place = `-${text}`;
        break;
      case 'open':
        await this.open(name, JSON.parse(text || '{}'));
        break;
      case 'close':
        await this.chats.get(name).evaluate((chat) => window.stage.close(chat), name);
        break;
      case 'back':
        await this.open(name, {
          ...this.opened[name], resume: true, like: name, ...JSON.parse(text || '{}'),
        });
        break;
      case 'reload': {
        const { keep, ...options } = JSON.parse(text || '{}');
        const messages = await this.messages(name, keep);

        await this.first.reload();
        await this.open(name, { resume: true, ...this.opened[name], ...options, messages });
        break;
      }
      case 'tab': {
        const { like, keep, ...options } = JSON.parse(text);
        const messages = await this.messages(like, keep);

        await this.open(name, { resume: true, ...options, id: `${this.name}-${like}`, messages },
          await this.page());
        break;
      }
      case 'hide':
      case 'show':
        await this.chats.get(name).evaluate((state) => {
          Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }, verb === 'hide' ? 'hidden' : 'visible');
        break;
      default:
        await this.call(name, ...VERBS[verb](text));
    }
  }

  async agentStep(verb, text) {
    switch (verb) {
      case 'asked':
        this.runs.push(await soon(this.requests.next()));
        assert.match(asked(this.run), new RegExp(pattern(text), 's'));
        break;
      case 'to': {
        const i = this.runs.findIndex((run) => asked(run).endsWith(text));

        this.runs.push(...this.runs.splice(i, 1));
        break;
      }
      case 'requests':
        assert.equal(this.agent.requests - this.from, Number(text));
        break;
      default:
        await agentVerbs[verb](this.run, text);
    }
  }

  async shows(name, state) {
    const page = this.chats.get(name);

    try {
      await page.waitForFunction(([chat, text]) =>
        new RegExp(text, 's').test(window.stage.state(chat)), [name, pattern(state)]);
    } catch {
      assert.equal(await page.evaluate((chat) => window.stage.state(chat), name), state);
    }
  }

  async exchange(chat, text) {
    await this.user(chat, 'send', text);
    await this.agentStep('asked', `*${text}`);
    await this.agentStep('answer', `Echo: ${text}`);
    await this.shows(chat, `ready: *${text} / Echo: ${text}`);
  }

  async step(line) {
    const [, who, chat = 'x', verb, text] = /^([>@!=*]) (?:([yz]): )?(\S+) ?(.*)$/.exec(line);

    switch (who) {
      case '>': return this.user(chat, verb, text);
      case '@': return this.agentStep(verb, text);
      case '=': return this.shows(chat, `${verb} ${text}`);
      case '*': return this.exchange(chat, `${verb} ${text}`.trimEnd());
      default:
        if (verb === 'drop') {
          this.relay.cut();
        } else {
          await this.gateway.reload();
        }
        return undefined;
    }
  }

  async play(steps) {
    await this.begin();
    for (const line of steps) {
      try {
        await this.step(line);
      } catch (error) {
        error.message = `${line}\n${error.message}`;
        throw error;
      }
    }
    /* HttpAgent lets what it has told go by unhandled, too */
    assert.deepEqual(this.wrong.filter((text) => !/network error/.test(text)), []);
    assert.equal(this.agent.requests - this.from, this.runs.length);
  }

  async end() {
    for (const { finished, res } of this.runs) {
      if (!finished) {
        res.destroy();
      }
    }
    await this.context?.close();
  }
}
