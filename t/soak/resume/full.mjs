// A zone that is too small for what runs say: they complete, and nothing fails
// but to hear them later.

import { long } from './agent.mjs'
import { WebSocket } from './client.mjs'
import { within } from './gateway.mjs'

const WORDS = 100

// what comes of one command on a connection of its own, until that event

async function ask (nginx, thread, command, last) {
  const socket = new WebSocket(
    `ws://127.0.0.1:${nginx.port}/chat?threadId=${thread}`)
  let heard = ''

  socket.on('error', () => {})
  socket.on('open', () => socket.send(JSON.stringify(command)))

  const event = await within(new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      const event = JSON.parse(data)

      if (event.type === 'token') heard += event.value
      if (last.includes(event.type)) resolve(event)
    })
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)))
  }), `${command.type} in ${thread}`)

  socket.removeAllListeners('close')
  socket.close()

  return { ...event, heard }
}

export async function full (nginx, agent, number) {
  const answers = number('ANSWERS', 100)
  const report = { answers, whole: 0, again: 0, forgotten: 0, wrong: [] }
  let next = 0

  const expected = (id) =>
    Array.from({ length: WORDS }, (_, i) => long(id, i)).join('')

  await Promise.all(Array.from({ length: 20 }, async () => {
    while (next < answers) {
      const id = `r${next++}`
      const event = await ask(nginx, `t${id}`, { type: 'message',
        requestId: id, threadId: `t${id}`, content: `${id} ${WORDS} long` },
      ['final', 'error', 'cancelled'])

      if (event.message !== expected(id) || event.heard !== event.message) {
        report.wrong.push(`${id}: ${event.type} ${event.code}`)
      } else {
        report.whole++
      }

      // it is there to be heard, or is known no more

      const back = await ask(nginx, `t${id}`,
        { type: 'follow', requestId: id }, ['final', 'idle', 'error'])

      if (back.type === 'idle') {
        report.forgotten++
      } else if (back.message === expected(id) && back.heard === back.message) {
        report.again++
      } else if (back.code === 'RUN_LOST') {
        report.forgotten++
      } else {
        report.wrong.push(`${id} again: ${back.type} ${back.code}`)
      }
    }
  }))

  report.evicted = await nginx.metric('thread_ws_journal_evictions_total')
  report.cut = await nginx.metric('thread_ws_journal_cuts_total')
  report.completed = await nginx.metric('thread_ws_runs_total',
    'outcome="completed"')
  report.asked = (await agent.told()).asked.length

  return [report, report.whole === answers && !report.wrong.length
    && report.completed === answers && report.asked === answers
    && report.evicted + report.cut > 0]
}
