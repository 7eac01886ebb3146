/**
 * What is shipped: its size, its dependencies, its entry points.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const client = new URL('../', import.meta.url);
const read = async (name) => JSON.parse(await readFile(new URL(name, client), 'utf8'));

test('the core is under 5 kB, minified and compressed', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('src/index.js', client))],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;

  t.diagnostic(`${size} bytes`);
  assert.ok(size < 5000, `${size} bytes`);
  assert.ok(Object.keys(metafile.inputs).every((name) => !name.includes('node_modules')));
});

test('nothing is depended on, and every peer is optional', async () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = await read('package.json');

  assert.equal(dependencies, undefined);
  for (const name of Object.keys(peerDependencies)) {
    assert.equal(peerDependenciesMeta[name].optional, true, name);
  }
});

test('every entry point can be imported', async () => {
  const { exports } = await read('package.json');

  assert.deepEqual(Object.keys(exports), ['.', './react', './ai-sdk', './ag-ui']);
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
