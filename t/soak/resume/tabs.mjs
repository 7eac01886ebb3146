// Many tabs of one thread, over all workers: messages, cancels and lost
// connections by chance, against what the protocol promises.
//
// Some tabs never lose their connection: they hear every run, in one order, with
// the same text and the same end.  The others come back, and miss at most whole
// runs.

import { setTimeout as sleep } from 'node:timers/promises'

import { text } from './agent.mjs'
import { WebSocket, random } from './client.mjs'
import { until } from './gateway.mjs'

class Tab {
  runs = new Map()     // id: { content, heard, place, named, end }
  began = []           // ids that have said something, in order
  open = null          // one that has begun and not ended
  wrong = []
  asked = 0            // follows that were not answered yet
  drops = 0

  constructor (talk, name, steady) {
    Object.assign(this, { talk, name, steady })
  }

  async connect () {
    const { nginx, path, thread } = this.talk
    const socket = new WebSocket(
      `ws://127.0.0.1:${nginx.port}${path}?threadId=${thread}`)

    socket.on('error', () => {})
    socket.on('message', (data) => {
      if (this.socket === socket) this.event(JSON.parse(data))
    })
    socket.on('close', (code) => {
      if (this.socket !== socket) return
      this.socket = null
      this.fault(`closed with ${code}`)
    })

    this.socket = socket
    await until(() => socket.readyState !== WebSocket.CONNECTING, this.name)

    this.asked = 0

    // what had not ended is heard from where it was, whatever became of it; one
    // that has ended meanwhile when it is asked for, not in its turn

    for (const [id, run] of this.runs) {
      if (run.end) continue

      run.named = true
      this.follow({ requestId: id, after: run.place })
    }

    this.open = null
    this.follow({})
  }

  follow (what) {
    this.asked++
    this.say({ type: 'follow', ...what })
  }

  say (command) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(command))
    }
  }

  fault (what) {
    this.wrong.push(`${this.name}: ${what}`)
  }

  run (id) {
    let run = this.runs.get(id)

    if (!run) {
      run = { content: null, heard: '', place: undefined, end: null }
      this.runs.set(id, run)
    }

    return run
  }

  event (event) {
    const { type, requestId: id } = event

    if (type === 'idle') {
      this.asked--
      return
    }

    if (!id) {
      this.fault(JSON.stringify(event))
      return
    }

    const run = this.run(id)

    if (run.end) {
      if (type === 'following') {
        this.asked--
      } else {
        this.fault(`${type} of ${id} after its end`)
      }
      return
    }

    if (event.position < run.place) {
      this.fault(`${id} went back from ${run.place} to ${event.position}`)
    }

    run.place = event.position ?? run.place

    switch (type) {
      case 'following':
        this.asked--
        // fall through

      case 'message':
        run.content = event.content
        break

      case 'token':
        this.begin(id)
        run.heard += event.value
        break

      case 'final':
        this.begin(id)
        // fall through

      case 'cancelled':
      case 'error':
        run.end = { type, message: event.message, code: event.code }
        if (this.open === id) this.open = null
        break

      default:
        this.fault(JSON.stringify(event))
    }
  }

  // runs follow one another

  begin (id) {
    if (this.open === id || this.runs.get(id).named) return

    if (this.open) this.fault(`${id} speaks before the end of ${this.open}`)
    if (this.began.includes(id)) this.fault(`${id} begins twice`)

    this.open = id
    this.began.push(id)
  }

  pending () {
    return [...this.runs].filter(([, run]) => !run.end).map(([id]) => id)
  }

  async step () {
    const pending = this.pending()
    const what = random(100)

    if (what < 30) {
      this.talk.send(this)
    } else if (what < 45 && pending.length) {
      this.say({ type: 'cancel', requestId: pending[random(pending.length)] })
      this.talk.cancels++
    } else if (what < 52 && !this.steady && !this.asked
      && !pending.some(id => this.talk.sent.get(id).tab === this
        && this.runs.get(id).place === undefined)) {
      this.drops++
      const { socket } = this
      this.socket = null
      socket.terminate()
      await sleep(random(400))
      await this.connect()
    }

    await sleep(random(this.talk.pause))
  }
}

class Talk {
  sent = new Map()     // id: { content, text, tab }
  cancels = 0

  constructor (nginx, path, thread, pause) {
    Object.assign(this, { nginx, path, thread, pause })
  }

  send (tab) {
    const id = `${this.thread}m${this.sent.size}`
    const tokens = 1 + random(40)
    const content = `${id} ${tokens} ${random(15)}`

    this.sent.set(id, { content, text: text(id, tokens), tab })
    tab.run(id).content = content
    tab.say({ type: 'message', requestId: id, threadId: this.thread, content })
  }

  async play (count, seconds) {
    const end = performance.now() + seconds * 1000

    this.tabs = Array.from({ length: count }, (_, i) =>
      new Tab(this, `${this.thread} tab ${i}`, i < count / 2))

    await Promise.all(this.tabs.map(tab => tab.connect()))
    await until(() => !this.tabs.some(tab => tab.asked), 'all to follow')

    await Promise.all(this.tabs.map(async (tab) => {
      while (performance.now() < end) await tab.step()
    }))

    await until(() => !this.tabs.some(tab => tab.asked
      || tab.pending().length), 'all runs to end').catch((error) => {
      for (const tab of this.tabs) {
        if (tab.asked) tab.fault(`${tab.asked} follows without an answer`)
        if (tab.pending().length) tab.fault(`no end of ${tab.pending()}`)
      }
      this.tabs[0].fault(error.message)
    })
  }

  check (asked) {
    const [first] = this.tabs
    const ends = {}

    // refused ones are known to who has asked alone

    for (const [id, { tab }] of this.sent) {
      const end = tab.runs.get(id).end

      ends[end?.code ?? end?.type] = (ends[end?.code ?? end?.type] ?? 0) + 1

      if (end?.code === 'BUSY') {
        this.sent.delete(id)
        this.tabs.forEach(({ runs }) => runs.delete(id))
      }
    }

    for (const tab of this.tabs) {
      for (const [id, sent] of this.sent) this.compare(tab, id, sent, first)
      this.order(tab, first)
    }

    this.prompts(first, asked)

    const wrong = this.tabs.flatMap(tab => tab.wrong)

    return { thread: this.thread, sent: this.sent.size,
      cancels: this.cancels, ends, began: first.began.length,
      drops: this.tabs.reduce((n, tab) => n + tab.drops, 0),
      wrong: wrong.length, ...wrong.length && { examples: wrong.slice(0, 9) } }
  }

  // a tab has heard of a run what the first one has

  compare (tab, id, sent, first) {
    const run = tab.runs.get(id)
    const other = first.runs.get(id)

    if (!run) {
      if (tab.steady) tab.fault(`has not heard of ${id}`)
      return
    }

    if (run.content !== sent.content) {
      tab.fault(`${id} was told as ${run.content}`)
    }

    if (JSON.stringify(run.end) !== JSON.stringify(other?.end)) {
      tab.fault(`${id} ended as ${JSON.stringify(run.end)}, elsewhere as `
        + `${JSON.stringify(other?.end)}`)
    }

    if (run.heard !== other?.heard || !sent.text.startsWith(run.heard)) {
      tab.fault(`${run.heard.length} bytes of ${id} `
        + `(${JSON.stringify(run.end)}), elsewhere ${other?.heard.length}`)
    }

    if (run.end?.type === 'final'
      && (run.heard !== sent.text || run.end.message !== sent.text)) {
      tab.fault(`the text of ${id} is not whole`)
    }

    if (run.end?.type === 'error') {
      tab.fault(`${id} failed: ${JSON.stringify(run.end)}`)
    }
  }

  order (tab, first) {
    if (tab.steady) {
      if (String(tab.began) !== String(first.began)) {
        tab.fault('runs in another order')
      }
      return
    }

    let at = -1

    for (const id of tab.began) {
      const next = first.began.indexOf(id, at + 1)

      if (next < 0) tab.fault(`${id} out of order`)
      else at = next
    }
  }

  // each prompt has all that was completed before it, as far as it goes

  prompts (first, asked) {
    const completed = []
    const prompts = new Map()

    for (const [id, history] of asked) {
      if (!this.sent.has(id)) continue
      if (prompts.has(id)) first.fault(`${id} was asked twice`)
      prompts.set(id, history.filter((_, i) => i % 2 === 0)
        .map(content => content.split(' ')[0]))
    }

    for (const id of first.began) {
      const prompt = prompts.get(id)
      const meant = completed.slice(completed.length - prompt.length)

      if (String(prompt) !== String(meant)
        || completed.length && !prompt.length) {
        first.fault(`${id} was asked after ${prompt.slice(-3)}, not `
          + completed.slice(-3))
      }

      if (first.runs.get(id).end?.type === 'final') completed.push(id)
    }
  }
}

export async function tabs (nginx, agent, number) {
  const talks = [new Talk(nginx, '/chat', 'interrupt', 500),
    new Talk(nginx, '/queue', 'queue', 1000)]

  await Promise.all(talks.map(talk =>
    talk.play(number('TABS', 10), number('TALK', 10))))

  const { asked } = await agent.told()
  const reports = talks.map(talk => talk.check(asked))

  return [{ talks: reports }, !reports.some(({ wrong }) => wrong)]
}
