/**
 * The gateway under test: nginx with the module, started with a configuration
 * of its own in a directory of its own.
 */

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import './deadline.js';
import { freePort } from './net.js';

const client = path.resolve(fileURLToPath(import.meta.url), '../../..');

const MODULE = path.resolve(process.env.THREAD_WS_MODULE
  ?? path.join(client, '../build/ngx_thread_ws_module.so'));
const NGINX = process.env.NGINX ?? '/usr/sbin/nginx';

/* what the demo page is served with, by the shipped configuration too */
const demo = readFileSync(path.join(client, 'demo/nginx.conf'), 'utf8')
  .replaceAll('@CLIENT@', client);

/* an http block of its own, which has been given its ports */
function configuration({ dir, http, workers = 1, ...options }) {
  return `
daemon off;
worker_processes ${workers};
${process.getuid() === 0 ? 'user root;' : ''}
load_module ${MODULE};
pid ${dir}/nginx.pid;
error_log stderr notice;

events {
    worker_connections 4096;
}

http {
    access_log off;
    include /etc/nginx/mime.types;
    client_body_temp_path ${dir}/body;
    proxy_temp_path ${dir}/proxy;
    fastcgi_temp_path ${dir}/fastcgi;
    uwsgi_temp_path ${dir}/uwsgi;
    scgi_temp_path ${dir}/scgi;

    ${http ?? usual({ dir, ...options })}
}
`;
}

function usual({ dir, port, agentPort, directives, threads }) {
  return `
    thread_ws_zone main:16m;
    ${threads ? 'thread_ws_user somebody;' : ''}

    server {
        listen 127.0.0.1:${port};

        location = /api/chat/ws {
            thread_ws_pass /agent;
            thread_ws_store memory;
            thread_ws_event_log ${dir}/events.log;
            ${directives}
        }

        # with what stands below it
        location ^~ /api/chat/http {
            thread_ws_pass /agent;
            thread_ws_store memory;
            ${directives}
        }

        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:${agentPort}/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }

        location ~ ^/api/threads/(?<thread>[^/]+)/messages$ {
            thread_ws_history;
            thread_ws_thread_id $thread;
            thread_ws_store memory;
        }

        ${threads ? `location = /api/threads {
            thread_ws_threads;
            thread_ws_store memory;
        }

        location ~ ^/api/threads/(?<named>[^/]+)$ {
            thread_ws_threads;
            thread_ws_thread_id $named;
            thread_ws_store memory;
        }` : ''}

        ${demo}
    }
`;
}

/* now, and whenever a file changes */
async function* changes(file) {
  const controller = new AbortController();
  const watcher = watch(file, controller);

  try {
    for (;;) {
      /* the watch begins with the first call */
      const next = watcher.next();

      next.catch(() => {});
      yield;
      await next;
    }
  } finally {
    controller.abort();
  }
}

/*
 * Nothing is left running when a test breaks off, or is killed: who waits for the
 * end of its own input, which ends with this process, kills the group then.
 */
function watchOver(child) {
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -s KILL -- "-$0"', child.pid],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true });

  guard.unref();
  guard.stdin.unref();
  child.once('exit', () => guard.kill('SIGKILL'));
}

/* nginx in a process group of its own, and what it says */
function launch(dir) {
  const child = spawn(NGINX, ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', 'stderr'],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const output = [];
  const changed = new EventEmitter();
  let ended = false;

  watchOver(child);

  createInterface({ input: child.stderr })
    .on('line', (line) => {
      output.push(line);
      changed.emit('change');
    })
    .on('close', () => {
      ended = true;
      changed.emit('change');
    });

  return {
    process: child,
    output,

    /* waits for a line that matches, or so many, after those that are known */
    async line(pattern, from = 0, times = 1) {
      while (output.slice(from).filter((line) => pattern.test(line)).length < times) {
        if (ended) {
          throw new Error(`nginx ended:\n${output.join('\n')}`);
        }
        await once(changed, 'change');
      }
    },
  };
}

/* threads: one user's, who has a list of them; http: another http block, from the
   port and the directory */
export async function startGateway({
  agent, directives = '', threads = false, workers = 1, http,
}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'thread-ws-'));
  const port = await freePort();
  let child;

  await mkdir(path.join(dir, 'logs'));
  await writeFile(path.join(dir, 'nginx.conf'), configuration({
    dir, port, agentPort: agent.port, directives, threads, workers, http: http?.(port, dir),
  }));

  const gateway = {
    port,
    url: `http://127.0.0.1:${port}/`,
    wsUrl: `ws://127.0.0.1:${port}/api/chat/ws`,

    async start() {
      child = launch(dir);
      await child.line(/start worker process \d+/);
    },

    /* at once, with all its workers: what a crash of the machine looks like */
    async kill() {
      const exit = once(child.process, 'exit');

      process.kill(-child.process.pid, 'SIGKILL');
      await exit;
    },

    /* new workers, the old ones say 1012 */
    async reload() {
      const from = child.output.length;

      child.process.kill('SIGHUP');
      await child.line(/start worker process \d+/, from, workers);
    },

    /* a worker, as a crash would, the newest or one before it: another one takes
       its place */
    async killWorker(back = 0) {
      const from = child.output.length;
      const living = new Set();

      for (const line of child.output) {
        const [, began, ended] = /start worker process (\d+)|worker process (\d+) exited/.exec(line) ?? [];

        if (began) {
          living.add(began);
        }
        living.delete(ended);
      }
      process.kill(Number([...living].at(-1 - back)), 'SIGKILL');
      await child.line(/start worker process \d+/, from);
    },

    /* what nginx says of itself that is bad, beside that a worker was killed, and
       what it held then */
    get bad() {
      return child.output.filter((line) => /\[(?:alert|emerg|crit)\]/.test(line)
        && !/exited on signal 9\b|was locked by/.test(line));
    },

    /* workers that were killed, by whomever */
    get killed() {
      return child.output.filter((line) => /exited on signal 9\b/.test(line)).length;
    },

    /* the event log's lines of a thread, once that many runs are in it: the
       log is written every second */
    async events(threadId, runs) {
      const file = path.join(dir, 'events.log');

      for await (const _ of changes(file)) {
        const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
          .map((line) => JSON.parse(line))
          .filter((line) => line.threadId === threadId);

        if (lines.filter(({ event }) => event === 'completed').length >= runs) {
          return lines;
        }
      }
    },

    async stop() {
      const { process: nginx } = child;

      if (nginx.exitCode === null && nginx.signalCode === null) {
        const exit = once(nginx, 'exit');
        nginx.kill('SIGTERM');
        await exit;
      }
      await rm(dir, { recursive: true, force: true });
    },
  };

  await gateway.start();

  return gateway;
}
