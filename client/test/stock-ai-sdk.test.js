/**
 * The AI SDK's stock WebSocket transport and the gateway alone: thread_ws_protocol
 * ai-sdk.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { lastAssistantMessageIsCompleteWithToolCalls } from 'ai-7';

import { startAgent } from './helpers/agent.js';
import { startGateway } from './helpers/gateway.js';
import { openPage } from './helpers/stock.js';

const RESUME = 'thread_ws_resume 1m;';

async function start(t, { directives = '', ...options } = {}) {
  const agent = await startAgent();
  const gateway = await startGateway({
    agent, directives: `thread_ws_protocol ai-sdk; ${directives}`,
  });
  const pages = [];

  t.after(async () => {
    for (const page of pages) {
      page.close();
    }
    await gateway.stop();
    await agent.stop();
  });

  return {
    agent,
    gateway,
    open() {
      const page = openPage(gateway.wsUrl, options);

      pages.push(page);
      return page;
    },
  };
}

/* once the chat shows that much */
async function shown(chat, text) {
  while (chat.messages.at(-1)?.role !== 'assistant' || chat.said !== text) {
    assert.notEqual(chat.status, 'error', chat.error?.message);
    await new Promise(setImmediate);
  }
}

const roles = (chat) => chat.messages.map(({ role }) => role);

test('two questions of a chat, with usage', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();

  let done = chat.sendMessage({ text: 'one' });
  (await agent.next()).answer('first', ' "answer"\n');
  await done;

  assert.equal(chat.status, 'ready');
  assert.equal(chat.said, 'first "answer"\n');
  assert.deepEqual(chat.messages[1].metadata.usage,
    { inputTokens: 3, outputTokens: 5, totalTokens: 8 });

  done = chat.sendMessage({ text: 'two' });
  const run = await agent.next();

  assert.deepEqual(run.messages.map(({ role, content }) => [role, content]),
    [['user', 'one'], ['assistant', 'first "answer"\n'], ['user', 'two']]);
  run.answer('second');
  await done;

  assert.deepEqual(roles(chat), ['user', 'assistant', 'user', 'assistant']);
  assert.equal(chat.messages[3].id, page.sent[1].requestId);
  assert.equal(page.sockets.length, 1);
  assert.deepEqual(await page.broken(), []);
});

test('stop closes the agent, and the chat goes on', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();

  let done = chat.sendMessage({ text: 'long' });
  const run = (await agent.next()).token('half');
  await shown(chat, 'half');
  chat.stop();
  await done;
  assert.equal(await run.aborted, true);
  assert.equal(chat.status, 'ready');

  done = chat.sendMessage({ text: 'more' });
  (await agent.next()).answer('whole');
  await done;
  assert.equal(chat.said, 'whole');
  assert.deepEqual(await page.broken(), []);
});

test('several chats at once on one socket', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chats = [page.chat(), page.chat(), page.chat()];
  const runs = {};

  const done = chats.map((chat, i) => chat.sendMessage({ text: `q${i}` }));
  for (const _ of chats) {
    const run = await agent.next();
    runs[run.prompt] = run.token('a');
  }
  await Promise.all(chats.map((chat) => shown(chat, 'a')));
  runs.q2.answer('c');
  runs.q0.answer('b');
  await Promise.all([done[0], done[2]]);
  assert.equal(chats[1].status, 'streaming');
  runs.q1.answer('d');
  await done[1];

  assert.deepEqual(chats.map(({ said }) => said), ['ab', 'ad', 'ac']);
  assert.equal(page.sockets.length, 1);
  assert.deepEqual(await page.broken(), []);
});

test('one that fails shows why, others do not hear of it', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const [good, bad] = [page.chat(), page.chat()];
  const runs = {};

  const done = [good.sendMessage({ text: 'good' }), bad.sendMessage({ text: 'bad' })];
  for (const _ of done) {
    const run = await agent.next();
    runs[run.prompt] = run;
  }
  runs.good.token('x');
  runs.bad.fail(400, 'the model is not there');
  await done[1];
  assert.equal(bad.status, 'error');
  assert.match(bad.error.message, /the model is not there/);

  runs.good.answer('y');
  await done[0];
  assert.equal(good.said, 'xy');
  assert.deepEqual(await page.broken(), []);
});

test('a second message of a chat ends the first, or is refused', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();

  const first = chat.sendMessage({ text: 'one' });
  const run = (await agent.next()).token('half');
  await shown(chat, 'half');
  const second = chat.sendMessage({ text: 'two' });
  assert.equal(await run.aborted, true);
  (await agent.next()).answer('other');
  await Promise.all([first, second]);
  assert.equal(chat.said, 'other');
  assert.deepEqual(await page.broken(), []);

  const { agent: other, open: openOther } = await start(t, { directives: 'thread_ws_busy reject;' });
  const strict = openOther();
  const busy = strict.chat();

  const going = busy.sendMessage({ text: 'one' });
  const goingRun = (await other.next()).token('half');
  await shown(busy, 'half');
  await busy.sendMessage({ text: 'two' });
  assert.equal(busy.status, 'error');
  assert.deepEqual(strict.frames.filter(({ type }) => type === 'error').map(({ requestId }) => requestId),
    [strict.sent[1].requestId]);
  goingRun.answer(' more');
  await going;
  assert.deepEqual(await strict.broken(), []);
});

test('a page that comes back hears the whole answer, and can stop it', async (t) => {
  const { agent, open } = await start(t, { directives: RESUME });
  const first = open();
  const chat = first.chat();

  chat.sendMessage({ text: 'one' }).catch(() => {});
  const run = (await agent.next()).token('a', 'b');
  await shown(chat, 'ab');
  const half = structuredClone(chat.messages);
  first.close();

  const second = open();
  const again = second.chat({ id: chat.id, messages: half });
  let done = again.resumeStream();
  await second.heard('chunk');
  run.answer('c');
  await done;
  assert.equal(again.said, 'abc');
  assert.deepEqual(roles(again), ['user', 'assistant']);
  assert.equal(again.messages[1].id, half[1].id);
  assert.equal(agent.requests, 1);

  done = again.sendMessage({ text: 'two' });
  const next = (await agent.next()).token('x');
  await shown(again, 'x');
  const third = open();
  const other = third.chat({ id: chat.id, messages: again.messages.slice(0, 3) });
  const heard = other.resumeStream();
  await shown(other, 'x');
  assert.equal(third.sent[0].type, 'resume');
  other.stop();
  await Promise.all([heard, done]);
  assert.equal(await next.aborted, true);
  assert.equal(again.status, 'ready');

  await again.resumeStream();
  assert.equal(again.status, 'ready');
  assert.equal(second.frames.at(-1).type, 'no-active');
  for (const page of [first, second, third]) {
    assert.deepEqual(await page.broken(), []);
  }
});

test('without thread_ws_resume nothing is resumed', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();

  await chat.resumeStream();
  assert.equal(chat.status, 'ready');
  assert.deepEqual(page.frames.map(({ type }) => type), ['no-active']);

  const done = chat.sendMessage({ text: 'one' });
  (await agent.next()).answer('said');
  await done;
  assert.equal(chat.said, 'said');
});

test('reasoning and calls of tools are parts', async (t) => {
  const { agent, open } = await start(t, { directives: 'thread_ws_events all;' });
  const page = open();
  const chat = page.chat();

  const done = chat.sendMessage({ text: 'think' });
  const run = (await agent.next()).start();
  const call = (index, rest) => run.chunk({ delta: { tool_calls: [{ index, ...rest }] } });

  run.chunk({ delta: { reasoning_content: 'hm' } });
  run.chunk({ delta: { reasoning_content: '…"' } });
  run.token('It', ' is');
  call(0, { id: 'c1', type: 'function', function: { name: 'clock', arguments: '' } });
  call(1, { id: 'c2', type: 'function', function: { name: 'place', arguments: '{"a"' } });
  call(0, { function: { arguments: '{"zone":"UTC"}' } });
  call(1, { function: { arguments: ':1}' } });
  run.finished = true;
  run.chunk({ delta: {}, finish_reason: 'tool_calls' });
  run.res.end('data: [DONE]\n\n');
  await done;

  assert.equal(chat.status, 'ready', chat.error?.message);
  const parts = chat.messages[1].parts.map(({ type, text, state, toolCallId, input }) =>
    (toolCallId ? { type, state, toolCallId, input } : { type, text }));

  assert.deepEqual(parts, [
    { type: 'step-start', text: undefined },
    { type: 'reasoning', text: 'hm…"' },
    { type: 'text', text: 'It is' },
    { type: 'tool-clock', state: 'input-available', toolCallId: 'c1', input: { zone: 'UTC' } },
    { type: 'tool-place', state: 'input-available', toolCallId: 'c2', input: { a: 1 } },
  ]);
  assert.deepEqual(await page.broken(), []);
});

test('another answer and an edited question take the place of what was said', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();
  const asked = ({ messages }) => messages.map(({ content }) => content);
  const said = () => chat.messages.map(({ parts }) =>
    parts.filter(({ type }) => type === 'text').map(({ text }) => text).join());

  async function answered(done, text) {
    const run = await agent.next();

    run.answer(text);
    await done;
    assert.equal(chat.status, 'ready', chat.error?.message);
    return asked(run);
  }

  await answered(chat.sendMessage({ text: 'one' }), 'a');
  await answered(chat.sendMessage({ text: 'two' }), 'b');

  assert.deepEqual(await answered(chat.regenerate(), 'c'), ['one', 'a', 'two']);
  assert.deepEqual(said(), ['one', 'a', 'two', 'c']);
  assert.equal('messageId' in page.sent[2], false);
  assert.deepEqual(await answered(chat.sendMessage({ text: 'three' }), 'd'),
    ['one', 'a', 'two', 'c', 'three']);

  /* the first one's: what came after it is gone */
  const [, { id }] = chat.messages;
  assert.deepEqual(await answered(chat.regenerate({ messageId: id }), 'e'), ['one']);
  assert.deepEqual(await answered(chat.sendMessage({ text: 'four' }), 'f'), ['one', 'e', 'four']);

  const { id: first } = chat.messages[0];
  assert.deepEqual(await answered(chat.sendMessage({ text: 'other', messageId: first }), 'g'), ['other']);
  assert.deepEqual(await answered(chat.sendMessage({ text: 'five' }), 'h'), ['other', 'g', 'five']);
  assert.deepEqual(said(), ['other', 'g', 'five', 'h']);

  /* what failed is no part of the history: it is asked again as it was */
  const failed = chat.sendMessage({ text: 'six' });
  (await agent.next()).fail(400, 'no');
  await failed;
  assert.equal(chat.status, 'error');
  assert.deepEqual(await answered(chat.regenerate(), 'i'), ['other', 'g', 'five', 'h', 'six']);
  assert.deepEqual(await page.broken(), []);
});

test('results of the page\'s tools are sent by themselves, twice', async (t) => {
  const { agent, open } = await start(t, { directives: 'thread_ws_events all;' });
  const page = open();
  let hour = 12;
  const chat = page.chat({
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall({ toolCall: { toolName: tool, toolCallId } }) {
      void chat.addToolOutput(tool === 'clock' ? { tool, toolCallId, output: { at: hour++ } }
        : { tool, toolCallId, state: 'output-error', errorText: 'no place' });
    },
  });

  function call(run, text, ...names) {
    run.token(text);
    names.forEach((name, index) => run.chunk({ delta: { tool_calls: [{
      index, id: `${name}-0`, type: 'function', function: { name, arguments: '{}' },
    }] } }));
    run.finished = true;
    run.chunk({ delta: {}, finish_reason: 'tool_calls' });
    run.res.end('data: [DONE]\n\n');
  }

  const first = chat.sendMessage({ text: 'when' });
  call(await agent.next(), 'one', 'clock', 'place');
  const second = await agent.next();
  assert.deepEqual(second.messages.filter(({ role }) => role === 'tool')
    .map(({ tool_call_id: id, content }) => [id, content]),
  [['clock-0', '{"at":12}'], ['place-0', 'Error: no place']]);
  call(second, 'two', 'clock');

  const third = await agent.next();
  assert.deepEqual(third.messages.map(({ role }) => role),
    ['user', 'assistant', 'tool', 'tool', 'assistant', 'tool']);
  third.answer('noon');
  await first;
  assert.equal(chat.said, 'one|two|noon');

  /* one message of the page's, of three steps, though the agent begins its ids anew */
  assert.deepEqual(roles(chat), ['user', 'assistant']);
  assert.equal(chat.messages[1].parts.filter(({ type }) => type === 'step-start').length, 3);
  assert.deepEqual(chat.messages[1].parts.flatMap(({ output, errorText }) => output ?? errorText ?? []),
    [{ at: 12 }, 'no place', { at: 13 }]);

  const again = chat.regenerate();
  const run = await agent.next();
  assert.deepEqual(run.messages.map(({ role }) => role), ['user']);
  run.answer('fine');
  await again;
  assert.equal(chat.said, 'fine');
  assert.deepEqual(await page.broken(), []);
});

test('files are parts of the message, sent to the agent with each answer', async (t) => {
  const { agent, open } = await start(t);
  const page = open();
  const chat = page.chat();
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
  const files = [{ type: 'file', mediaType: 'image/png', filename: 'a.png', url: image.image_url.url }];

  for (const ask of [
    () => chat.sendMessage({ text: 'what', files }),
    () => chat.regenerate(),
    () => chat.sendMessage({ files }),
  ]) {
    const done = ask();
    const run = await agent.next();

    assert.deepEqual(run.messages[0].content, [image, { type: 'text', text: 'what' }]);
    run.answer('a dot');
    await done;
    assert.equal(chat.status, 'ready', chat.error?.message);
  }
  assert.deepEqual(roles(chat), ['user', 'assistant', 'user', 'assistant']);

  await chat.sendMessage({ files: [{ ...files[0], url: 'http://a/b' }] });
  assert.match(chat.error.message, /url must begin with https/);
  assert.deepEqual(await page.broken(), []);
});
