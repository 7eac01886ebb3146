// Runs that nobody comes back to.

import { setTimeout as sleep } from 'node:timers/promises'

import { reset } from '../../../client/test/helpers/net.js'
import { WebSocket } from './client.mjs'
import { until, within } from './gateway.mjs'

async function abandon (nginx, i) {
  const socket = new WebSocket(
    `ws://127.0.0.1:${nginx.port}/chat?threadId=t${i}`)

  socket.on('error', () => {})
  socket.on('open', () => socket.send(JSON.stringify({ type: 'message',
    requestId: `r${i}`, threadId: `t${i}`, content: `r${i} 2 -` })))

  // the first word has come

  await within(new Promise((resolve, reject) => {
    socket.on('message', resolve)
    socket.on('close', () => reject(new Error(`r${i} was closed`)))
  }), `r${i}`)

  socket.removeAllListeners('close')

  if (i % 2) socket.terminate()
  else reset(socket._socket)
}

export async function abandoned (nginx, agent, number) {
  const runs = number('ABANDONED', 500)
  const first = Math.min(Math.floor(runs / 2), 20000)
  let next = 0

  const some = (upto) => Promise.all(Array.from({ length: 25 }, async () => {
    while (next < upto) await abandon(nginx, next++)
  }))

  const settled = () => until(async () =>
    (await agent.told()).open === 0
      && await nginx.metric('thread_ws_journal_bytes') === 0
      && await nginx.metric('thread_ws_active_runs') === 0,
  'the last one to be given up')

  // pools and the zone have grown as far as so many at a time need

  await some(first)
  await settled()
  const before = await nginx.used()
  const once = await nginx.memory()

  await some(runs)
  await settled()
  await sleep(1000)
  const after = await nginx.used()

  const report = { runs,
    asked: (await agent.told()).asked.length,
    open: (await agent.told()).open,
    disconnected: await nginx.metric('thread_ws_runs_total',
      'outcome="disconnected"'),
    abandoned: await nginx.metric('thread_ws_abandoned_total'),
    bytes: await nginx.metric('thread_ws_journal_bytes'),
    kept: await nginx.metric('thread_ws_kept_runs'),
    before, after, once, now: await nginx.memory() }

  // Private memory (once, now; kB) is as much as there ever was at a time, in
  // pieces: that it grows says that they came faster.  What is allocated of it
  // (before, after; bytes of four workers) stays as it is.

  return [report, report.asked === runs && report.disconnected === runs
    && report.abandoned === runs && report.open === 0 && report.bytes === 0
    && (before === null || after === null || after - before < 65536)]
}
