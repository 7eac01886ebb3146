/**
 * What is shipped: its size, its dependencies, its entry points.
 */

import assert from 'node:assert/strict';
import { execFile as execFileCallback } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const execFile = promisify(execFileCallback);
const client = new URL('../', import.meta.url);
const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', client));
const read = async (name) => JSON.parse(await readFile(new URL(name, client), 'utf8'));

for (const [name, file, most] of [['the core', 'index.js', 6000], ['with React', 'react.js', 8000]]) {
  test(`${name} is under ${most / 1000} kB, minified and compressed`, async (t) => {
    const { outputFiles, metafile } = await build({
      entryPoints: [fileURLToPath(new URL(`src/${file}`, client))],
      bundle: true,
      minify: true,
      format: 'esm',
      external: ['react'],
      write: false,
      metafile: true,
    });
    const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;

    t.diagnostic(`${size} bytes`);
    assert.ok(size < most, `${size} bytes`);
    assert.ok(Object.keys(metafile.inputs).every((input) => !input.includes('node_modules')));
  });
}

test('nothing is depended on, and every peer is optional', async () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = await read('package.json');

  assert.equal(dependencies, undefined);
  for (const name of Object.keys(peerDependencies)) {
    assert.equal(peerDependenciesMeta[name].optional, true, name);
  }
});

test('every entry point can be imported', async () => {
  const { exports } = await read('package.json');

  assert.deepEqual(Object.keys(exports), ['.', './history', './parts', './react', './ai-sdk', './ag-ui']);
  for (const { default: file } of Object.values(exports)) {
    const module = await import(new URL(file, client).href);
    assert.ok(Object.keys(module).length > 0, file);
  }
});

test('the lock file names no host of a registry', async () => {
  const { packages } = await read('package-lock.json');

  for (const [name, { resolved, link }] of Object.entries(packages)) {
    assert.ok(resolved === undefined || link, name);
  }
});

test('the types of the checkout are those of the sources', async (t) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'thread-ws-types-'));

  t.after(() => rm(dir, { recursive: true }));
  await execFile(process.execPath, [tsc, '-p', fileURLToPath(new URL('tsconfig.json', client)),
    '--outDir', dir]);

  const made = (await readdir(dir)).sort();

  assert.deepEqual((await readdir(new URL('types', client))).sort(), made);
  for (const name of made) {
    assert.equal(await readFile(new URL(`types/${name}`, client), 'utf8'),
      await readFile(path.join(dir, name), 'utf8'), name);
  }
});

test('what is packed is complete, and typed', async (t) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'thread-ws-pack-'));
  const modules = path.join(dir, 'node_modules');
  const run = (command, ...args) => execFile(command, args, { cwd: dir });

  t.after(() => rm(dir, { recursive: true }));

  await mkdir(path.join(modules, 'thread-ws'), { recursive: true });
  await execFile('make', ['-C', fileURLToPath(client), 'pack', `DIST=${dir}`]);
  const [archive] = (await readdir(dir)).filter((name) => name.endsWith('.tgz'));
  await run('tar', '-xzf', archive, '--strip-components=1', '-C', 'node_modules/thread-ws');
  for (const name of ['react', '@types', 'ai', '@ai-sdk', 'csstype', '@opentelemetry',
    '@standard-schema', 'json-schema', 'zod', '@vercel']) {
    await symlink(fileURLToPath(new URL(`node_modules/${name}`, client)), path.join(modules, name));
  }

  await writeFile(path.join(dir, 'use.ts'), `
import { ThreadConnection, ThreadError, newRequestId, type Run } from 'thread-ws';
import { useChatMessages, useReconnection, useThreadConnection } from 'thread-ws/react';
import { ThreadChatTransport } from 'thread-ws/ai-sdk';
import { runEvents } from 'thread-ws/ag-ui';
import { history, threads } from 'thread-ws/history';
import { trackParts } from 'thread-ws/parts';
import type { ChatTransport, UIMessage } from 'ai';

const connection = new ThreadConnection('t', { url: '/x', backoff: [1, 2] });
const run: Run = connection.send('x', { requestId: newRequestId(), onToken: (d) => d.length });
const off: () => void = connection.on('state', ({ status, attempt }) => [status, attempt]);
const transport: ChatTransport<UIMessage> = new ThreadChatTransport({ url: '/x' });

export async function use() {
  const { message, usage } = await run;
  for await (const delta of run) { delta.trim(); }
  for await (const event of runEvents(connection, { runId: 'r', messages: [] })) {
    if (event.type === 'TEXT_MESSAGE_CONTENT') { event.delta.trim(); }
  }
  const { messages, sendMessage } = useChatMessages('t', { loadHistory: history, parts: trackParts });
  sendMessage('x', { replaces: 'r0', metadata: { a: 'b' } });
  for (const part of messages[1].parts ?? []) { if (part.type === 'tool') { part.toolCallId.trim(); } }
  (await threads())?.threads[0].title.trim();
  const { secondsLeft } = useReconnection(useThreadConnection('t'));
  off();
  return [message.trim(), usage?.inputTokens.toFixed(), messages[0].content, sendMessage,
    secondsLeft, transport, ThreadError];
}

connection.send([{ type: 'text', text: 'x' }], { answers: [{ interruptId: 'i', value: 1 }] });

// @ts-expect-error: a number is no message
connection.send(7);
// @ts-expect-error: no such code
if (new ThreadError('x', {}).code === 'CANCELED') {}
// @ts-expect-error: no such event
connection.on('news', () => {});
`);
  await run(process.execPath, tsc,
    '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext',
    '--lib', 'es2023,dom,dom.iterable,dom.asynciterable', '--types', 'react', 'use.ts')
    .catch(({ stdout }) => assert.fail(stdout));
});
