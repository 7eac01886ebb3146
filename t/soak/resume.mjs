// Runs that outlive their connections: clients that lose theirs at any moment,
// nginx that is reloaded, workers that are killed.  Every text must come whole
// and exact, and the agent be asked once for it, but where its worker was killed.
//
//     node t/soak/resume.mjs MODULE [drops|reloads|kills ...]
//
// CLIENTS (100), RUNS (5) of each, EVENTS (10) reloads or kills.

import http from 'node:http'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const WebSocket = createRequire(new URL('../../client/package.json',
  import.meta.url))('ws')

const [module, ...scenes] = process.argv.slice(2)
const CLIENTS = +(process.env.CLIENTS ?? 100)
const RUNS = +(process.env.RUNS ?? 5)
const EVENTS = +(process.env.EVENTS ?? 10)

const asked = new Map()
const word = (id, i) => ` ${id}.${i}${i % 7 ? '' : 'é"\\\n'}`
const text = (id, n) => Array.from({ length: n }, (_, i) => word(id, i)).join('')

// the agent: "ID TOKENS GAP" is answered by so many words of that id

const agent = http.createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece

  const [id, tokens, gap] = JSON.parse(body).messages.at(-1).content.split(' ')
  asked.set(id, (asked.get(id) ?? 0) + 1)
  response.writeHead(200, { 'content-type': 'text/event-stream' })

  const say = (choice) =>
    response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`)

  for (let i = 0; i < +tokens && !response.closed; i++) {
    say({ delta: { content: word(id, i) } })
    await sleep(+gap * Math.random() * 2)
  }

  say({ delta: {}, finish_reason: 'stop' })
  response.end('data: [DONE]\n\n')
})

const listen = async (server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

async function start () {
  const dir = await mkdtemp(join(tmpdir(), 'thread-ws-soak-'))
  const free = http.createServer()
  const port = await listen(free)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${dir}/${name};`).join(' ')

  free.close()

  await writeFile(join(dir, 'nginx.conf'), `
    load_module ${resolve(module)};
    worker_processes 4;
    daemon off;
    pid ${dir}/nginx.pid;
    error_log ${dir}/error.log info;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary}
      thread_ws_zone ws:32m;
      thread_ws_store memory;
      thread_ws_resume 30s keep=60s;
      thread_ws_shutdown_spread 500ms;
      server {
        listen 127.0.0.1:${port} reuseport;
        location = /chat { thread_ws_pass /agent; }
        location = /agent {
          internal;
          proxy_pass http://127.0.0.1:${agent.address().port};
        }
      }
    }`)

  const master = spawn('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')],
    { stdio: 'inherit' })

  while (!await fetch(`http://127.0.0.1:${port}/`).catch(() => null)) {
    await sleep(10)
  }

  return { dir, port, master }
}

// one run, over as many connections as it takes

async function run (nginx, thread, id, drops) {
  const tokens = 20 + Math.floor(Math.random() * 80)
  const gap = 10 + Math.floor(Math.random() * 30)
  const message = JSON.stringify({ type: 'message', requestId: id,
    threadId: thread, content: `${id} ${tokens} ${gap}` })
  const follows = Math.random() < 0.5
  const result = { drops: 0, lost: 0, errors: [] }

  let heard = '', place = null, end = null

  while (!end) {
    const socket = new WebSocket(
      `ws://127.0.0.1:${nginx.port}/chat?threadId=${thread}`)
    let timer

    socket.on('error', () => {})
    socket.on('open', () => {
      if (follows && place !== null) {
        socket.send(JSON.stringify({ type: 'follow', requestId: id,
          after: place }))
      } else {
        if (follows) socket.send('{"type":"follow"}')
        heard = ''
        socket.send(message)
      }

      if (drops) {
        timer = setTimeout(() => { result.drops++; socket.terminate() },
          Math.random() * tokens * gap * 0.8)
      }
    })

    socket.on('message', (data) => {
      const event = JSON.parse(data)
      if (event.requestId && event.requestId !== id) return

      place = event.position ?? place
      if (event.type === 'token') heard += event.value
      if (event.type === 'final') end = event

      if (event.type === 'idle' && place !== null
          || event.code === 'RUN_LOST') {
        // not known any more: it is asked again
        place = null
        result.lost += event.code === 'RUN_LOST'
        socket.terminate()
      } else if (event.type === 'error') {
        result.errors.push(event.code)
        socket.terminate()
      } else if (end) {
        socket.close()
      }
    })

    await once(socket, 'close')
    clearTimeout(timer)
    if (!end) await sleep(drops ? Math.random() * 1500 : 5)
  }

  result.wrong = end.message !== text(id, tokens) || heard !== end.message
  return result
}

async function disturb (scene, nginx, over) {
  for (let i = 0; i < EVENTS && !over(); i++) {
    await sleep(scene === 'kills' ? 500 : 3000)

    if (scene === 'reloads') {
      nginx.master.kill('SIGHUP')
    } else if (scene === 'kills') {
      const workers = (await readFile(
        `/proc/${nginx.master.pid}/task/${nginx.master.pid}/children`, 'utf8'))
        .trim().split(' ')
      process.kill(workers[Math.floor(Math.random() * workers.length)],
        'SIGKILL')
    }
  }
}

async function play (scene) {
  const nginx = await start()
  const results = []
  let over = false

  asked.clear()

  const clients = Array.from({ length: CLIENTS }, async (_, c) => {
    for (let k = 0; k < RUNS; k++) {
      results.push(await run(nginx, `t${c}`, `c${c}k${k}`, scene !== 'reloads'))
    }
  })

  const disturbed = scene === 'drops' ? null : disturb(scene, nginx, () => over)

  await Promise.all(clients)
  over = true
  await disturbed

  nginx.master.kill('SIGQUIT')
  await once(nginx.master, 'exit')

  const log = await readFile(join(nginx.dir, 'error.log'), 'utf8')
  const alerts = log.split('\n').filter(line =>
    /\[(alert|crit|emerg)\]/.test(line)
      && !(scene === 'kills' && /exited on signal 9/.test(line)))
  const sum = (name) => results.reduce((n, r) => n + Number(r[name]), 0)
  const report = { scene, runs: results.length, drops: sum('drops'),
    wrong: sum('wrong'), lost: sum('lost'),
    twice: [...asked.values()].filter(n => n > 1).length,
    errors: results.flatMap(r => r.errors), alerts }

  console.log(JSON.stringify(report))
  await rm(nginx.dir, { recursive: true })

  return !report.wrong && !report.errors.length && !alerts.length
    && (scene === 'kills' || !report.twice && !report.lost)
}

await listen(agent)

for (const scene of scenes.length ? scenes : ['drops', 'reloads', 'kills']) {
  if (!await play(scene)) process.exitCode = 1
}

agent.close()
agent.closeAllConnections()
