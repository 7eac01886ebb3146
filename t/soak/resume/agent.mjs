// The agent, in a thread of its own lest it slow its clients down: "ID TOKENS
// GAP" is answered by so many words of that id, GAP ms apart in the mean, or the
// first at once and the others never, with GAP "-".  It remembers who has asked,
// with what history, and what is open.

import http from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort } from 'node:worker_threads'

export const word = (id, i) => ` ${id}.${i}${i % 7 ? '' : 'é"\\\n'}`
export const text = (id, n) =>
  Array.from({ length: n }, (_, i) => word(id, i)).join('')

// as many bytes as an answer of that many words takes, and more

export const long = (id, i) => `${word(id, i)}${'x'.repeat(1000)}`

async function serve () {
  const asked = []
  let open = 0

  const server = http.createServer(async (request, response) => {
    if (request.url === '/asked') {
      response.end(JSON.stringify({ asked, open }))
      return
    }

    if (request.url === '/forget') {
      asked.length = 0
      response.end()
      return
    }

    let body = ''
    for await (const piece of request) body += piece

    const messages = JSON.parse(body).messages
    const [id, tokens, gap] = messages.at(-1).content.split(' ')

    asked.push([id, messages.slice(0, -1)
      .map(({ content }) => content.split(' ', 2).join(' '))])

    open++
    response.on('close', () => open--)
    response.writeHead(200, { 'content-type': 'text/event-stream' })

    const say = (choice) =>
      response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`)

    const form = gap === 'long' ? long : word
    const began = performance.now()
    let due = 0

    for (let i = 0; i < +tokens && !response.closed; i++) {
      say({ delta: { content: form(id, i) } })

      if (gap === '-') {
        await once(response, 'close')
        return
      }

      due += +gap * Math.random() * 2 || 0

      // an answer takes as long as it should, also where timers come late

      if (due > performance.now() - began) {
        await sleep(due - (performance.now() - began))
      } else if (i % 16 === 0) {
        await sleep(0)
      }
    }

    if (response.closed) return

    say({ delta: {}, finish_reason: 'stop' })
    response.end('data: [DONE]\n\n')
  })

  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  parentPort.postMessage(server.address().port)
}

if (!isMainThread) await serve()
