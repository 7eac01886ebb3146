/**
 * Many chats over the AI SDK's WebSocket protocol at once, by chance: messages,
 * edits, resumes, aborts, sockets that drop and come back, over two workers. Each request
 * ends once, its chunks have no gap, and what it says is what its agent said.
 * STEPS says how many for each page, SEED repeats a run.
 */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import test from 'node:test';

import { uiMessageChunkSchema } from 'ai-7';
import WebSocket from 'ws';

import { startAgent } from '../helpers/agent.js';
import { createChance } from '../helpers/chance.js';
import { startGateway } from '../helpers/gateway.js';

const STEPS = Number(process.env.STEPS ?? 25);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const PAGES = 6;
const CHATS = 5;

const schema = uiMessageChunkSchema();

const chance = createChance(SEED);
const turn = () => new Promise(setImmediate);

/* what each question is answered with, by the agent that had it */
const answers = new Map();

async function answer(run) {
  const text = [];

  answers.set(run.prompt, text);

  if (chance(12) === 0) {
    run.fail(400, `no: ${run.prompt}`);
    return;
  }

  for (let n = chance(8); n > 0 && !run.res.destroyed; n--) {
    const piece = `${n} "${'é\n'.repeat(chance(2) ? 3 : 4000)}`;

    if (chance(6) === 0) {
      run.start().chunk({ delta: { reasoning_content: 'hm' } });
    }
    text.push(piece);
    run.token(piece);
    for (let turns = chance(60); turns > 0; turns--) {
      await turn();
    }
  }

  if (!run.res.destroyed) {
    text.push('.');
    run.answer('.');
  }
}

/* a request of the page's and what it was told; the text by its run */
function createRequest(type, id, prompt) {
  return { type, id, prompt, text: '', next: 0, messageId: null, end: null, aborted: false };
}

/* what no page of the SDK says: it is an error of that request, or nothing at all */
const NONSENSE = [
  { messages: [] },
  { trigger: 'regenerate-message', messages: [{ role: 'assistant', parts: [] }] },
  { trigger: 'submit-message', messages: [{ id: 'm', role: 'user', parts: [{ type: 'file', url: 'blob:x' }] }] },
  { trigger: 'submit-message', messages: [{ id: '', role: 'user', parts: [{ type: 'text', text: 'x' }] }] },
  { trigger: 'hum', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'x' }] }] },
  { type: 'resume', id: 'no/chat' },
  { type: 'hum' },
];
const NOISE = ['', 'no JSON', '[]', '1', '{}', '{"type":"send"}', '{"type":"abort","requestId":"nobody"}'];

/* results of a tool that nobody has called */
const RESULTS = {
  trigger: 'submit-message',
  messages: [{
    id: 'a', role: 'assistant',
    parts: [{ type: 'tool-x', toolCallId: 'c', state: 'output-available', output: 1 }],
  }],
};

class Page extends EventEmitter {
  constructor(url, name) {
    super();
    this.url = url;
    this.name = name;
    this.number = 0;
    this.requests = new Map();
    this.checks = [];
  }

  async open() {
    this.socket = new WebSocket(this.url);
    const { requests } = this;

    this.socket.on('message', (data) => this.heard(requests, JSON.parse(data)));
    this.socket.on('close', (code) => {
      throw new Error(`the gateway has closed: ${code}`);
    });
    await once(this.socket, 'open');
  }

  async drop() {
    this.requests = new Map();
    this.leave();
    await this.open();
  }

  leave() {
    this.socket.removeAllListeners('message');
    this.socket.removeAllListeners('close');
    if (chance(2)) {
      this.socket.terminate();
    } else {
      this.socket.close();
    }
  }

  request(type, id, rest = {}) {
    const requestId = `${this.name}-${this.number++}`;
    const request = createRequest(type, id, rest.prompt);

    this.requests.set(requestId, request);
    this.socket.send(JSON.stringify({
      type: 'send', requestId, id, headers: {}, body: {}, ...rest.frame,
    }));
    return requestId;
  }

  resume(id) {
    return this.request('resume', id, { frame: { type: 'resume' } });
  }

  /* another one in the place of that message, or a new one */
  send(id, prompt, messageId) {
    return this.request('send', id, {
      prompt,
      frame: {
        trigger: 'submit-message',
        messageId,
        messages: [{ id: messageId ?? prompt, role: 'user', parts: [{ type: 'text', text: prompt }] }],
      },
    });
  }

  abort() {
    const names = [...this.requests.keys()];
    const requestId = names[chance(names.length)];

    if (requestId) {
      this.requests.get(requestId).aborted = true;
      this.socket.send(JSON.stringify({ type: 'abort', requestId }));
    }
  }

  heard(requests, frame) {
    const request = requests.get(frame.requestId);

    assert.ok(request, `nobody asked: ${JSON.stringify(frame)}`);
    assert.equal(request.end, null, `after its end: ${JSON.stringify(frame)}`);

    assert.ok(request.type !== 'nonsense' || frame.type === 'error');

    if (frame.type !== 'chunk') {
      assert.ok(['end', 'error', 'no-active'].includes(frame.type), frame.type);
      assert.ok(frame.type !== 'no-active' || (request.type === 'resume' && request.next === 0));
      request.end = frame.type;
      this.emit('ended');
      return;
    }

    assert.equal(frame.sequence, request.next++);
    this.checks.push(schema.validate(frame.chunk));

    const { chunk } = frame;

    if (chunk.type === 'start') {
      request.messageId = chunk.messageId;
    } else if (chunk.type === 'text-delta') {
      request.text += chunk.delta;
    } else if (chunk.type === 'finish') {
      request.finished = true;
    }
  }

  /* until all that was asked has its end */
  async quiet() {
    while ([...this.requests.values()].some(({ end }) => !end)) {
      await once(this, 'ended');
    }
  }
}

/* a whole answer is all that its agent said, a part of one its beginning */
function compare(prompts, page) {
  for (const [requestId, request] of page.requests) {
    if (!request.messageId) {
      continue;
    }
    assert.ok(request.type === 'resume' || request.messageId === requestId);

    const said = (answers.get(prompts.get(request.messageId)) ?? []).join('');

    if (request.finished) {
      assert.equal(request.text, said);
    } else {
      assert.ok(said.startsWith(request.text), `${requestId}: ${request.text.length}`);
    }
  }
}

async function chat(page, prompts) {
  for (let i = 0; i < STEPS; i++) {
    const id = `chat-${chance(CHATS)}`;

    switch (chance(12)) {
      case 0: case 1: case 2: case 3: {
        const prompt = `${page.name} asks ${i}`;
        const edited = chance(3) ? undefined : `${page.name} asks ${chance(i + 1)}`;

        prompts.set(page.send(id, prompt, edited), prompt);
        break;
      }
      case 4: case 5: case 6:
        page.resume(id);
        break;
      case 7:
        page.abort();
        break;
      case 8:
        if (chance(3) === 0) {
          compare(prompts, page);
          await page.drop();
        }
        break;
      case 9:
        page.request('nonsense', id, { frame: NONSENSE[chance(NONSENSE.length)] });
        page.socket.send(NOISE[chance(NOISE.length)]);
        break;
      case 10:
        page.request('results', id, { frame: RESULTS });
        break;
      default:
        await page.quiet();
    }
    for (let turns = chance(30); turns > 0; turns--) {
      await turn();
    }
  }

  await page.quiet();
}

for (const busy of ['interrupt', 'queue 4']) {
  test(`pages of many chats, ${busy}, SEED=${SEED}`, async (t) => {
    const agent = await startAgent(answer);
    const gateway = await startGateway({
      agent,
      workers: 2,
      directives: `thread_ws_protocol ai-sdk; thread_ws_resume 1m;
        thread_ws_busy ${busy}; thread_ws_events all;`,
    });
    const prompts = new Map();
    const pages = [];

    t.after(async () => {
      pages.forEach((page) => page.leave());
      await gateway.stop();
      await agent.stop();
    });

    for (let i = 0; i < PAGES; i++) {
      pages.push(new Page(gateway.wsUrl, `${busy[0]}${i}`));
      await pages[i].open();
    }

    await Promise.all(pages.map((page) => chat(page, prompts)));

    for (const page of pages) {
      compare(prompts, page);
      const checks = await Promise.all(page.checks);
      assert.ok(checks.every(({ success }) => success));
    }

    /* and it goes on */

    const last = pages[0].send('chat-0', 'last');
    await pages[0].quiet();
    assert.match(pages[0].requests.get(last).end, /^(end|error)$/);
  });
}
