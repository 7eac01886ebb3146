// nginx with four workers, and what is read of it.

import http from 'node:http'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

// seconds, of whatever is waited for

const DEADLINE = +(process.env.THREAD_WS_DEADLINE ?? 60)

export class Late extends Error {}

export async function within (promise, what, seconds = DEADLINE) {
  let timer

  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Late(`${what}: not in ${seconds} s`)),
      seconds * 1000)
  })

  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

// asks again until it is so

export async function until (look, what, seconds = DEADLINE) {
  const end = performance.now() + seconds * 1000

  for (;;) {
    const value = await look()
    if (value) return value
    if (performance.now() > end) throw new Late(`${what}: not in ${seconds} s`)
    await sleep(50)
  }
}

export class Agent {
  static async start () {
    const agent = new Agent()

    agent.worker = new Worker(new URL('agent.mjs', import.meta.url))
    const [port] = await within(once(agent.worker, 'message'), 'the agent')
    agent.port = port

    return agent
  }

  // { asked: [[id, history]], open }

  async told () {
    return await get(this.port, '/asked').then(JSON.parse)
  }

  forget () {
    return get(this.port, '/forget')
  }

  stop () {
    return this.worker.terminate()
  }
}

function get (port, path, method = 'GET') {
  return within(new Promise((resolve, reject) => {
    const request = http.request({ port, path, method, host: '127.0.0.1',
      agent: false }, async (response) => {
      let body = ''

      response.setEncoding('utf8')
      for await (const piece of response) body += piece
      resolve(body)
    })

    request.on('error', reject)
    request.end()
  }), `${method} ${path}`)
}

export class Gateway {
  static async start (module, agent, { zone = '32m', store = 'memory',
    resume = '30s keep=60s', directives = '' } = {}) {
    const nginx = new Gateway()
    const free = http.createServer()
    const dir = await mkdtemp(join(tmpdir(), 'thread-ws-soak-'))

    free.listen(0, '127.0.0.1')
    await once(free, 'listening')
    const port = free.address().port
    free.close()

    await writeFile(join(dir, 'nginx.conf'), `
      load_module ${resolve(module)};
      worker_processes 4;
      daemon off;
      pid ${dir}/nginx.pid;
      error_log ${dir}/error.log ${process.env.LOG ?? 'notice'};
      events { worker_connections 16384; }
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
          .map(name => `${name}_temp_path ${dir}/${name};`).join(' ')}
        thread_ws_zone ws:${zone};
        thread_ws_store ${store};
        thread_ws_resume ${resume};
        thread_ws_shutdown_spread 500ms;
        ${directives}
        server {
          listen 127.0.0.1:${port} reuseport backlog=4096;
          location = /chat { thread_ws_pass /agent; }
          location = /queue { thread_ws_pass /agent; thread_ws_busy queue 4; }
          location = /status { thread_ws_status; }
          location = /agent {
            internal;
            proxy_read_timeout 600s;
            proxy_pass http://127.0.0.1:${agent.port};
          }
        }
      }`)

    nginx.dir = dir
    nginx.port = port
    nginx.master = spawn('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')],
      { stdio: 'inherit' })
    nginx.gone = once(nginx.master, 'exit')

    await until(() => nginx.get('/status').catch(() => null), 'nginx')

    return nginx
  }

  get (path) {
    return get(this.port, path)
  }

  // a metric's value, all labels that match together

  async metric (name, label = '') {
    return (await this.get('/status')).split('\n')
      .filter(line => line.startsWith(`${name} `)
        || line.startsWith(`${name}{`) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  async workers () {
    const { pid } = this.master

    return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
      .trim().split(' ').map(Number)
  }

  // private memory of all workers, kB

  async memory () {
    let sum = 0

    for (const pid of await this.workers()) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      sum += Number(/^RssAnon:\s+(\d+)/m.exec(status)[1])
    }

    return sum
  }

  // bytes that all workers have allocated, as their allocator counts them; gdb
  // asks it, which may take several tries; null: it could not

  async used () {
    let sum = 0

    for (const pid of await this.workers()) {
      const said = await this.asked(pid)

      if (said === null) return null
      sum += said
    }

    return sum
  }

  async asked (pid) {
    const told = async () => (await readFile(join(this.dir, 'error.log'), 'utf8'))
      .match(/in use bytes *= *\d+/g) ?? []

    const before = (await told()).length

    for (let i = 0; i < 5; i++) {
      await promisify(execFile)('gdb', ['-batch', '-nx', '-p', String(pid),
        '-ex', 'call (void) malloc_stats()']).catch(() => {})

      const all = await told()
      if (all.length > before) return Number(all.at(-1).split('=')[1])
    }

    return null
  }

  reload () {
    this.master.kill('SIGHUP')
  }

  async killOne () {
    const workers = await this.workers()

    process.kill(workers[Math.floor(Math.random() * workers.length)], 'SIGKILL')
  }

  // ends it; returns the lines of its log that tell of something bad

  async stop (expected = /^$/) {
    this.master.kill('SIGQUIT')

    try {
      await within(this.gone, 'nginx to exit')
    } catch (error) {
      this.master.kill('SIGTERM')
      await this.gone
      throw error
    }

    const log = await readFile(join(this.dir, 'error.log'), 'utf8')

    await rm(this.dir, { recursive: true })

    return log.split('\n').filter(line =>
      /\[(alert|crit|emerg)\]|Sanitizer|runtime error/.test(line)
        && !expected.test(line))
  }
}
