/**
 * The history in the forms of stock clients: what their pages begin with is what they
 * had, and what they name by its ids is found.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';

import { HttpAgent } from '@ag-ui/client';
import { EventSchemas } from '@ag-ui/core/schemas';
import * as ai5 from 'ai-5';
import * as ai6 from 'ai';
import * as ai7 from 'ai-7';
import WebSocket from 'ws';

import { startAgent } from './helpers/agent.js';
import { startGateway } from './helpers/gateway.js';
import { startGraph } from './helpers/graph.js';
import { openPage } from './helpers/stock.js';

const EVENTS = 'thread_ws_events all; thread_ws_reasoning_history on;';
const GRAPH = 'thread_ws_events all; thread_ws_dialect langgraph;';
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];

async function start(t, wire, { directives = EVENTS, server } = {}) {
  const agent = server ?? await startAgent();
  const gateway = await startGateway({
    agent, directives: `thread_ws_protocol ${wire}; thread_ws_http on; ${directives}`,
  });
  const pages = [];

  t.after(async () => {
    pages.forEach((page) => page.close());
    await gateway.stop();
    await agent.stop();
  });

  return {
    agent,
    url: gateway.wsUrl.replace('ws:', 'http:'),
    open() {
      pages.push(openPage(gateway.wsUrl));
      return pages.at(-1);
    },
    async history(threadId, query) {
      return fetch(`${gateway.url}api/threads/${threadId}/messages?${query}`);
    },
  };
}

/* an agent that ends with calls of tools */
function call(run, ...calls) {
  run.start();
  calls.forEach(([id, name, args], index) => run.chunk({ delta: { tool_calls: [{
    index, id, type: 'function', function: { name, arguments: args },
  }] } }));
  run.finished = true;
  run.chunk({ delta: {}, finish_reason: 'tool_calls' });
  run.res.end('data: [DONE]\n\n');
}

const plain = (value) => JSON.parse(JSON.stringify(value));

/* as a page has them, without what only one side tells */
function shown(messages) {
  return plain(messages).map(({ metadata: { createdAt, seq, ...metadata } = {}, ...message }) => ({
    ...message,
    metadata,
    parts: message.parts.map(({ state, id, ...part }) =>
      (part.type === 'text' || part.type === 'reasoning' ? part : { ...part, state })),
  }));
}

test('a useChat page begins with what it had, and edits it', async (t) => {
  const { agent, open, history } = await start(t, 'ai-sdk');
  const chat = open().chat();
  const image = { type: 'file', mediaType: 'image/png', filename: 'a.png',
    url: 'data:image/png;base64,iVBORw0KGgo=' };

  let done = chat.sendMessage({ text: 'what', files: [image] });
  let run = (await agent.next()).start();
  run.chunk({ delta: { reasoning_content: 'hm' } });
  run.token('A "dot".');
  run.chunk({ delta: { annotations: [{ type: 'url_citation',
    url_citation: { url: 'https://example.com/', title: 'Dots' } }] } });
  run.finish();
  await done;

  done = chat.sendMessage({ text: 'when' });
  call((await agent.next()).token('I look.'), ['c1', 'clock', '{"zone":"UTC"}'], ['c2', 'place', '']);
  await done;
  await chat.addToolOutput({ tool: 'clock', toolCallId: 'c1', output: { at: 12 } });
  await chat.addToolOutput({ tool: 'place', toolCallId: 'c2', state: 'output-error', errorText: 'none' });
  done = chat.sendMessage();
  (await agent.next()).answer('Noon.');
  await done;
  done = chat.sendMessage({ text: 'ignore' });
  call(await agent.next(), ['c1', 'clock', '{}']);
  await done;
  assert.equal(chat.status, 'ready', chat.error?.message);

  const response = await history(chat.id, 'format=ai-sdk');
  assert.equal(response.status, 200);
  const document = await response.json();
  assert.deepEqual(shown(document.messages), shown(chat.messages));
  assert.deepEqual(Object.keys(document).sort(), ['messages', 'threadId']);

  for (const { validateUIMessages } of [ai5, ai6, ai7]) {
    await validateUIMessages({ messages: document.messages });
  }

  /* another page, whose ids are the history's */
  const again = open().chat({ id: chat.id, messages: document.messages });
  done = again.regenerate({ messageId: again.messages[3].id });
  run = await agent.next();
  assert.deepEqual(run.messages.map(({ role }) => role), ['user', 'assistant', 'user']);
  run.answer('Late.');
  await done;
  done = again.sendMessage({ text: 'edited', messageId: again.messages[0].id });
  run = await agent.next();
  assert.deepEqual(run.messages.map(({ content }) => content), ['edited']);
  run.answer('New.');
  await done;
  const newest = await (await history(chat.id, 'format=ai-sdk')).json();
  assert.deepEqual(shown(newest.messages), shown(again.messages));
  assert.deepEqual(newest.messages.map(({ role }) => role), ['user', 'assistant']);
});

test('pages of it, and what is refused', async (t) => {
  const { agent, open, history } = await start(t, 'ai-sdk');
  const chat = open().chat();

  for (const text of ['one', 'two', 'three']) {
    const done = chat.sendMessage({ text });

    (await agent.next()).answer(`re: ${text}`);
    await done;
  }
  const last = await (await history(chat.id, 'format=ai-sdk&limit=1')).json();
  assert.deepEqual(shown(last.messages), shown(chat.messages.slice(4)));
  assert.equal(last.before, 3);
  const before = await (await history(chat.id, `format=ag-ui&limit=2&before=${last.before}`)).json();
  assert.deepEqual(before.messages.map(({ id, content }) => [id, content]),
    chat.messages.slice(0, 4).map(({ id, parts }) => [id, parts.at(-1).text]));
  assert.equal('before' in before, false);

  const bad = await history(chat.id, 'format=other');
  assert.equal(bad.status, 400);
  assert.match(bad.headers.get('content-type'), /^text\/plain/);
  assert.equal(await bad.text(), 'format must be thread-ws, ai-sdk or ag-ui\n');
  assert.deepEqual(await (await history(chat.id, 'format=thread-ws')).json(),
    await (await history(chat.id, '')).json());
});

test('a question without an id of its client\'s is edited by the one that it is given', async (t) => {
  const { agent, url, open, history } = await start(t, 'ai-sdk thread-ws');
  const socket = new WebSocket(`${url.replace('http', 'ws')}?threadId=t1`, 'thread-ws.v2');

  t.after(() => socket.terminate());
  for (const content of ['one', 'two']) {
    const said = new Promise((resolve) => {
      socket.on('message', (data) => JSON.parse(data).type === 'final' && resolve());
    });

    if (socket.readyState !== WebSocket.OPEN) {
      await once(socket, 'open');
    }
    socket.send(JSON.stringify({ type: 'message', requestId: content, threadId: 't1', content }));
    (await agent.next()).answer(`re: ${content}`);
    await said;
  }

  const { messages } = await (await history('t1', 'format=ai-sdk')).json();
  assert.deepEqual(messages.map(({ id }) => id), ['one:user', 'one', 'two:user', 'two']);
  const chat = open().chat({ id: 't1', messages });
  const done = chat.sendMessage({ text: 'other', messageId: 'two:user' });
  const run = await agent.next();
  assert.deepEqual(run.messages.map(({ content }) => content), ['one', 're: one', 'other']);
  run.answer('new');
  await done;
  assert.deepEqual(shown((await (await history('t1', 'format=ai-sdk')).json()).messages),
    shown(chat.messages));
});

const heard = (messages) => plain(messages).map(({ metadata, ...message }) => message);

test('an AG-UI page begins with what it had', async (t) => {
  const { agent, url, history } = await start(t, 'ag-ui');
  const page = new HttpAgent({ url, threadId: 't1' });

  page.addMessage({ id: 'm1', role: 'user', content: [{ type: 'text', text: 'what' },
    { type: 'image', source: { type: 'data', value: 'iVBORw0KGgo=', mimeType: 'image/png' } }] });
  let done = page.runAgent({ runId: 'r1' });
  let run = await agent.next();
  assert.deepEqual(run.messages[0].content, [{ type: 'text', text: 'what' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }]);
  run.start().chunk({ delta: { reasoning_content: 'hm' } });
  call(run.token('I look.'), ['c1', 'clock', '{"zone":"UTC"}'], ['c2', 'place', '{}']);
  await done;

  page.addMessage({ id: 'tool-c1', role: 'tool', toolCallId: 'c1', content: '{"at":12}' });
  page.addMessage({ id: 'm2', role: 'tool', toolCallId: 'c2', content: '', error: 'none' });
  done = page.runAgent({ runId: 'r2' });
  call(await agent.next(), ['c3', 'clock', '{}']);
  await done;

  const document = await (await history('t1', 'format=ag-ui')).json();
  EventSchemas.parse({ type: 'MESSAGES_SNAPSHOT', messages: document.messages });
  assert.deepEqual(heard(document.messages), heard(page.messages));

  const again = new HttpAgent({ url, threadId: 't1', initialMessages: [
    { ...document.messages[0], content: 'other' }] });
  done = again.runAgent({ runId: 'r3' });
  run = await agent.next();
  assert.deepEqual(run.messages.map(({ content }) => content), ['other']);
  run.answer('new');
  await done;
  assert.deepEqual(heard((await (await history('t1', 'format=ag-ui')).json()).messages),
    heard(again.messages));
});

test('what an agent asks is open in both forms, and answered by their pages', async (t) => {
  const server = await startGraph({ [A]: { really: 1 }, [B]: 'name?' });
  const { open, url, history } = await start(t, 'ai-sdk', { server, directives: GRAPH });
  const chat = open().chat();

  await chat.sendMessage({ text: 'Delete it.' });
  const asked = (await (await history(chat.id, 'format=ai-sdk')).json()).messages;
  assert.deepEqual(shown(asked), shown(chat.messages));
  const { interrupts } = await (await history(chat.id, 'format=ag-ui')).json();
  assert.deepEqual(interrupts.map(({ id, metadata: { value } }) => [id, value]),
    [[A, { really: 1 }], [B, 'name?']]);

  /* one of them, from a page that has the history alone; then the other */
  const again = open().chat({ id: chat.id, messages: asked });
  await again.addToolApprovalResponse({ id: A, approved: true, reason: 'sure' });
  await again.sendMessage();
  assert.deepEqual(server.inputs[1].command.resume, { [A]: { approved: true, reason: 'sure' } });
  const rest = (await (await history(chat.id, 'format=ai-sdk')).json()).messages;
  await ai7.validateUIMessages({ messages: rest });
  assert.deepEqual(rest[1].parts.map(({ type, state, toolCallId }) => [type, state, toolCallId]), [
    ['step-start', undefined, undefined], ['dynamic-tool', 'approval-responded', A],
    ['step-start', undefined, undefined], ['dynamic-tool', 'approval-requested', B]]);

  const last = open().chat({ id: chat.id, messages: rest });
  await last.addToolOutput({ tool: 'interrupt', toolCallId: B, output: 'me' });
  await last.sendMessage();
  assert.equal(last.said, 'Done.', last.error?.message);
  const done = await (await history(chat.id, 'format=ai-sdk')).json();
  assert.deepEqual(shown(done.messages), shown(last.messages));
  assert.equal('interrupts' in await (await history(chat.id, 'format=ag-ui')).json(), false);
});
