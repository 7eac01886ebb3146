// A client of a thread, whose runs outlive its sockets.  One that follows goes on
// where it was; one as there were before sends its message again.

import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

import { reset } from '../../../client/test/helpers/net.js'
import { text } from './agent.mjs'
import { Late, within } from './gateway.mjs'

export const WebSocket = createRequire(
  new URL('../../../client/package.json', import.meta.url))('ws')

// ways to lose a connection

const ways = {
  fin: (socket) => socket._socket.end(),
  rst: (socket) => reset(socket._socket),
  silence: (socket) => socket._socket.pause()
}

export const random = (below) => Math.floor(Math.random() * below)

// what is told of all runs together

export class Tally {
  runs = 0
  drops = { fin: 0, rst: 0, silence: 0 }
  wrong = []
  lost = 0            // RUN_LOST
  refused = 0         // SHUTTING_DOWN, which 1012 follows
  errors = {}
  returns = []        // ms from "follow" to the first event
  closed = {}         // codes of closes that the client did not ask for

  count (of, name) {
    of[name] = (of[name] ?? 0) + 1
  }

  get dropped () {
    return this.drops.fin + this.drops.rst + this.drops.silence
  }

  report () {
    const times = this.returns.sort((a, b) => a - b)
    const at = (q) =>
      times.length ? +times[Math.floor((times.length - 1) * q)].toFixed(2) : null

    return { runs: this.runs, drops: this.drops, wrong: this.wrong.length,
      ...this.wrong.length && { examples: this.wrong.slice(0, 5) },
      lost: this.lost, refused: this.refused, errors: this.errors, closed: this.closed,
      returns: times.length, p50: at(0.5), p99: at(0.99) }
  }
}

export class Client {
  constructor (nginx, thread, follows, tally) {
    this.nginx = nginx
    this.thread = thread
    this.follows = follows
    this.tally = tally
    this.silent = new Set()
  }

  // tokens and gap as the agent has them; drops: how often it is to be lost

  async run (id, tokens, gap, drops = 0) {
    this.id = id
    this.content = `${id} ${tokens} ${gap}`
    this.expected = text(id, tokens)
    this.heard = ''
    this.place = null
    this.end = null

    let left = drops

    try {
      while (!this.end) {
        await this.turn(left-- > 0)
      }
    } catch (error) {
      if (!(error instanceof Late)) throw error
      this.tally.wrong.push(`${id}: ${error.message}`)
      this.socket?.terminate()
      this.socket = null
      return
    } finally {
      this.tally.runs++
      for (const socket of this.silent) socket.terminate()
      this.silent.clear()
    }

    if (this.end.type !== 'final' || this.end.message !== this.expected
        || this.heard !== this.expected) {
      this.tally.wrong.push(`${id}: ${this.heard.length} of `
        + `${this.expected.length} bytes, ${JSON.stringify(this.end)
          .slice(0, 200)}`)
    }
  }

  leave () {
    this.socket?.close()
    this.socket = null
  }

  // one socket's part, until the run's end or the socket's

  async turn (drops) {
    const fresh = !this.socket

    if (fresh) await this.connect()
    if (!this.socket) return

    const { socket } = this
    const over = new Promise((resolve) => { this.over = resolve })

    if (drops) this.drop(socket)
    this.ask(fresh)

    await within(over, `no end, ${this.heard.length} of `
      + `${this.expected.length} bytes heard`)

    if (!this.end && this.socket === null) {
      await sleep(this.dropped ? Math.random() * 3000 : Math.random() * 20)
    }
  }

  async connect () {
    const socket = new WebSocket(
      `ws://127.0.0.1:${this.nginx.port}/chat?threadId=${this.thread}`)

    socket.on('error', () => {})
    socket.on('message', (data) => {
      if (this.socket === socket) this.event(JSON.parse(data))
    })
    socket.on('close', (code) => {
      if (this.socket !== socket) return
      this.tally.count(this.tally.closed, code)
      this.gone()
    })

    this.dropped = false

    const opened = await within(Promise.race([
      once(socket, 'open').then(() => true, () => false),
      once(socket, 'close').then(() => false)
    ]), 'to connect')

    if (opened && socket.readyState === WebSocket.OPEN) {
      this.socket = socket
    } else {
      await sleep(Math.random() * 50)
    }
  }

  gone () {
    this.socket = null
    this.over?.()
  }

  ask (fresh) {
    const { socket } = this

    this.asked = performance.now()

    if (this.follows && this.place !== null) {
      socket.send(JSON.stringify({ type: 'follow', requestId: this.id,
        after: this.place }))
      return
    }

    if (this.follows && fresh) socket.send('{"type":"follow"}')

    this.back = this.heard !== ''
    this.heard = ''
    socket.send(JSON.stringify({ type: 'message', requestId: this.id,
      threadId: this.thread, content: this.content }))
  }

  event (event) {
    if (event.requestId !== this.id) {

      // not known any more: it is asked again

      if (event.type === 'idle' && this.place !== null) {
        this.place = null
        this.ask(false)
      }

      return
    }

    if (this.asked && (this.place !== null || this.back)) {
      this.tally.returns.push(performance.now() - this.asked)
    }

    this.asked = 0
    this.place = event.position ?? this.place

    switch (event.type) {
      case 'token':
        this.heard += event.value
        break

      case 'error':
        if (event.code === 'RUN_LOST') {
          this.tally.lost++
        } else if (event.code === 'SHUTTING_DOWN') {
          this.tally.refused++
        } else {
          this.tally.count(this.tally.errors, event.code)
        }

        if (event.retryable) {
          const { socket } = this

          this.place = null
          this.heard = ''
          setTimeout(() => this.socket === socket && this.ask(false), 20)
          break
        }
        // fall through

      case 'final':
      case 'cancelled':
        this.end = event
        this.over()
    }
  }

  // at a byte by chance

  drop (socket) {
    const { tally } = this
    const names = Object.keys(ways)
    const way = names[random(names.length)]
    const left = this.expected.length - this.heard.length
    let bytes = random(Math.max(1, left * 1.2))

    const watch = (piece) => {
      bytes -= piece.length
      if (bytes > 0 || this.socket !== socket) return

      socket._socket.off('data', watch)
      tally.drops[way]++
      this.dropped = true

      if (way === 'silence') this.silent.add(socket)
      ways[way](socket)
      this.gone()
    }

    socket._socket.on('data', watch)
  }
}
