/**
 * What agents say by chance, as stock clients by HTTP are told it: every event is held
 * against their own schemas. RUNS=10000 for more of it, SEED to repeat one.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { HttpAgent } from '@ag-ui/client';
import { EventSchema } from '@ag-ui/core/schemas';
import { uiMessageChunkSchema as five } from 'ai-5';
import { uiMessageChunkSchema as six } from 'ai';
import { uiMessageChunkSchema as seven } from 'ai-7';

import { startAgent } from '../helpers/agent.js';
import { startGateway } from '../helpers/gateway.js';

const RUNS = Number(process.env.RUNS ?? 40);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);

/* mulberry32 */
function chance(seed) {
  let a = seed;

  return (n) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const TEXTS = ['a', 'é"\\', '\n', '\u2028', '🙂', '</script>', '{"a":1}', ' '];
const REASONS = ['stop', 'length', 'content_filter', 'tool_calls', 'whim'];

/* an answer of text, reasoning and calls in any order, which ends in any way */
function answer(run, dice) {
  const calls = [];

  run.start();
  for (let n = dice(12); n > 0; n--) {
    switch (dice(4)) {
      case 0:
        run.chunk({ delta: { reasoning_content: TEXTS[dice(TEXTS.length)] } });
        break;
      case 1:
        if (calls.length < 3) {
          calls.push(`c${calls.length}`);
          run.chunk({ delta: { tool_calls: [{
            index: calls.length - 1, id: calls.at(-1), type: 'function',
            function: { name: 'f', arguments: '' },
          }] } });
        }
        break;
      case 2:
        if (calls.length) {
          run.chunk({ delta: { tool_calls: [{
            index: dice(calls.length), function: { arguments: TEXTS[dice(TEXTS.length)] },
          }] } });
        }
        break;
      default:
        run.token(TEXTS[dice(TEXTS.length)]);
    }
  }

  switch (dice(6)) {
    case 0:
      run.finished = true;
      run.res.destroy();
      break;
    case 1:
      run.finished = true;
      run.res.end('data: {"error":{"message":"no \\"more\\""}}\n\n');
      break;
    default:
      run.finished = true;
      run.chunk({ delta: {}, finish_reason: REASONS[dice(REASONS.length)] });
      run.chunk(null, { usage: { prompt_tokens: dice(9), completion_tokens: dice(9) } });
      run.res.end('data: [DONE]\n\n');
  }
}

async function start(t, wire) {
  const dice = chance(SEED);
  const agent = await startAgent((run) => answer(run, dice));
  const gateway = await startGateway({
    agent, directives: `thread_ws_protocol ${wire}; thread_ws_http on; thread_ws_events all;`,
  });

  t.diagnostic(`SEED=${SEED}`);
  t.after(async () => {
    await gateway.stop();
    await agent.stop();
  });
  return gateway.wsUrl.replace('ws:', 'http:');
}

test('ai-sdk: chunks that 5, 6 and 7 take, and an end', async (t) => {
  const url = await start(t, 'ai-sdk');
  const schemas = [five, six, seven].map((schema) => (typeof schema === 'function' ? schema() : schema));

  for (let n = 0; n < RUNS; n++) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        id: `t${n}`, trigger: 'submit-message',
        messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'x' }] }],
      }),
    });
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: '));

    assert.equal(events.pop(), 'data: [DONE]');
    const chunks = events.map((event) => JSON.parse(event.slice(6)));
    assert.match(chunks.at(-1).type, /^(finish|error)$/);
    for (const chunk of chunks) {
      for (const schema of schemas) {
        const { success, error } = await schema.validate(chunk);
        assert.ok(success, `${JSON.stringify(chunk)} ${error}`);
      }
    }
  }
});

test('ag-ui: events that HttpAgent takes, and an end', async (t) => {
  const url = await start(t, 'ag-ui');

  for (let n = 0; n < RUNS; n++) {
    const events = [];
    const client = new HttpAgent({
      url, threadId: `t${n}`, initialMessages: [{ id: 'm', role: 'user', content: 'x' }],
    });

    await client.runAgent({}, { onEvent: ({ event }) => { events.push(event); } });
    assert.match(events.at(-1).type, /^RUN_(FINISHED|ERROR)$/);
    for (const event of events) {
      EventSchema.parse(event);
    }
  }
});
