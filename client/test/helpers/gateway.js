/**
 * The gateway under test: nginx with the module, started with a configuration
 * of its own in a directory of its own.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from './net.js';

const client = fileURLToPath(new URL('../../', import.meta.url));

const MODULE = path.resolve(process.env.THREAD_WS_MODULE
  ?? path.join(client, '../build/ngx_thread_ws_module.so'));
const NGINX = process.env.NGINX ?? '/usr/sbin/nginx';

/* what the demo page is served with, by the shipped configuration too */
const demo = readFileSync(path.join(client, 'demo/nginx.conf'), 'utf8')
  .replaceAll('@CLIENT@', client.replace(/\/$/, ''));

function configuration({ dir, port, agentPort, directives }) {
  return `
daemon off;
worker_processes 1;
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

    thread_ws_zone main:16m;

    server {
        listen 127.0.0.1:${port};

        location = /api/chat/ws {
            thread_ws_pass /agent;
            thread_ws_store memory;
            thread_ws_event_log ${dir}/events.log;
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

        ${demo}
    }
}
`;
}

export async function startGateway({ agent, directives = '' }) {
  const dir = await mkdtemp(path.join(tmpdir(), 'thread-ws-'));
  const port = await freePort();
  let child;

  await mkdir(path.join(dir, 'logs'));
  await writeFile(path.join(dir, 'nginx.conf'), configuration({
    dir, port, agentPort: agent.port, directives,
  }));

  /* waits for lines of the error log that match */
  const log = async (pattern, count = 1) => {
    for await (const line of child.lines) {
      if (pattern.test(line) && --count === 0) {
        return;
      }
    }
    throw new Error(`nginx ended:\n${child.output.join('\n')}`);
  };

  const gateway = {
    port,
    url: `http://127.0.0.1:${port}/`,
    wsUrl: `ws://127.0.0.1:${port}/api/chat/ws`,

    async start() {
      child = spawn(NGINX, ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', 'stderr'],
        { stdio: ['ignore', 'ignore', 'pipe'] });
      child.output = [];

      const readline = createInterface({ input: child.stderr });
      const waiting = new Set();

      readline.on('line', (line) => {
        child.output.push(line);
        waiting.forEach((wake) => wake());
      });
      readline.on('close', () => {
        child.ended = true;
        waiting.forEach((wake) => wake());
      });

      child.lines = {
        async *[Symbol.asyncIterator]() {
          for (let i = child.mark ?? 0; ; ) {
            while (i < child.output.length) {
              yield child.output[i++];
            }
            if (child.ended) {
              return;
            }
            await new Promise((resolve) => {
              const wake = () => { waiting.delete(wake); resolve(); };
              waiting.add(wake);
            });
          }
        },
      };

      await log(/start worker process \d+/);
    },

    /* at once, with all its workers: what a crash of the machine looks like */
    async kill() {
      const exit = once(child, 'exit');
      const workers = child.output.flatMap((line) =>
        line.match(/start worker process (\d+)/)?.[1] ?? []);

      child.kill('SIGKILL');
      for (const pid of workers) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch (error) {
          if (error.code !== 'ESRCH') {
            throw error;
          }
        }
      }
      await exit;
    },

    /* new worker, the old one says 1012 */
    async reload() {
      child.mark = child.output.length;
      child.kill('SIGHUP');
      await log(/start worker process \d+/);
    },

    async events() {
      const text = await readFile(path.join(dir, 'events.log'), 'utf8');
      return text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
    },

    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }
      await rm(dir, { recursive: true, force: true });
    },
  };

  await gateway.start();

  return gateway;
}
