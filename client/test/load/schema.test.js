/**
 * Whatever agents say, the AI SDK's client takes it: the golden streams of each
 * dialect, whole or with events lost, doubled, changed and cut by chance, and each
 * chunk of thread_ws_protocol ai-sdk held against the SDK's own schema, and put
 * together by the SDK. RUNS says how many, SEED repeats them.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { readUIMessageStream, uiMessageChunkSchema } from 'ai-7';
import WebSocket from 'ws';

import { createChance } from '../helpers/chance.js';
import { startGateway } from '../helpers/gateway.js';

const RUNS = Number(process.env.RUNS ?? 120);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const AT_ONCE = 16;

const golden = path.resolve(fileURLToPath(import.meta.url), '../../../../t/golden');
const schema = uiMessageChunkSchema();
const chance = createChance(SEED);
const pick = (list) => list[chance(list.length)];

const streams = Object.fromEntries(['openai', 'anthropic', 'langgraph'].map((dialect) => {
  const dir = path.join(golden, dialect);

  return [dialect, readdirSync(dir).filter((name) => name.endsWith('.stream'))
    .map((name) => readFileSync(path.join(dir, name), 'utf8').split(/(?<=\n\n)/))];
}));

/* what a string may be that stands in an event */
const TEXTS = ['', ' ', '"', '\\', '\u2028', '\u0007', '😀', 'é'.repeat(3000), '</p>', '{"a":', 'stop'];

function changed(value) {
  if (typeof value === 'string') {
    return chance(8) ? value : pick(TEXTS);
  }
  if (value && typeof value === 'object') {
    for (const key of Object.keys(value)) {
      if (chance(60) === 0) {
        value[key] = pick([null, 1, true, 'x', [], {}]);
      } else {
        value[key] = changed(value[key]);
      }
    }
  }
  return value;
}

function changedEvent(event) {
  return event.replace(/^data: ([[{].*)$/m, (line, data) => {
    try {
      return `data: ${JSON.stringify(changed(JSON.parse(data)))}`;
    } catch {
      return line;
    }
  });
}

function stream(dialect) {
  let events = [...pick(streams[dialect])];

  if (chance(3) === 0) {
    return events;
  }

  events = events.flatMap((event) => {
    switch (chance(14)) {
      case 0: return [];
      case 1: return [event, event];
      case 2: return [changedEvent(event)];
      case 3: return [pick(pick(streams[dialect])), event];
      default: return [event];
    }
  });
  if (chance(6) === 0) {
    events.length = chance(events.length + 1);
  }
  return events;
}

async function startStreams() {
  const server = http.createServer(async (req, res) => {
    let body = '';

    for await (const chunk of req) {
      body += chunk;
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const event of stream(/of-(\w+)/.exec(body)[1])) {
      res.write(event);
    }
    if (chance(10)) {
      res.end();
    } else {
      res.destroy();
    }
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const location = (dialect) => `location = /${dialect} {
            thread_ws_pass /agent;
            thread_ws_dialect ${dialect};
            thread_ws_store memory;
            thread_ws_protocol ai-sdk;
            thread_ws_events all;
        }`;

const configuration = (agentPort) => (port) => `
    thread_ws_zone main:16m;
    server {
        listen 127.0.0.1:${port};
        ${Object.keys(streams).map(location).join('\n        ')}
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:${agentPort};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }`;

/* one run: its chunks, and how it ended */
function run(socket, heard, requestId, dialect) {
  const chunks = [];

  return new Promise((resolve) => {
    heard.set(requestId, (frame) => {
      if (frame.type === 'chunk') {
        assert.equal(frame.sequence, chunks.length);
        chunks.push(frame.chunk);
        return;
      }
      heard.delete(requestId);
      resolve({ chunks, end: frame.type });
    });
    socket.send(JSON.stringify({
      type: 'send', requestId, id: requestId, trigger: 'submit-message', headers: {}, body: {},
      messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: `of-${dialect}` }] }],
    }));
  });
}

async function check({ chunks }) {
  for (const chunk of chunks) {
    const { success, error } = await schema.validate(chunk);

    assert.ok(success, `${JSON.stringify(chunk)}: ${error}`);
  }

  const source = new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(chunk));
      controller.close();
    },
  });

  for await (const _ of readUIMessageStream({ stream: source, terminateOnError: true })) {
    /* an error ends it */
  }
}

async function speak(gateway, dialect, runs, ends) {
  const heard = new Map();
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/${dialect}`);

  socket.on('message', (data) => {
    const frame = JSON.parse(data);
    heard.get(frame.requestId)(frame);
  });
  await once(socket, 'open');

  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < runs) {
      const result = await run(socket, heard, `${dialect}-${next++}`, dialect);

      ends[result.end] = (ends[result.end] ?? 0) + 1;
      await check(result);
    }
  }));
  socket.terminate();
}

test(`what agents say is what the AI SDK takes, RUNS=${RUNS} SEED=${SEED}`, async (t) => {
  const server = await startStreams();
  const gateway = await startGateway({ agent: {}, http: configuration(server.address().port) });
  const ends = {};

  t.after(async () => {
    await gateway.stop();
    server.closeAllConnections();
    server.close();
  });

  for (const dialect of Object.keys(streams)) {
    await speak(gateway, dialect, Math.ceil(RUNS / 3), ends);
  }

  t.diagnostic(JSON.stringify(ends));
  assert.deepEqual(Object.keys(ends).sort(), ['end', 'error']);
});
