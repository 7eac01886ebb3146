// Runs that outlive their connections: each text must come whole and exact, and
// the agent be asked once for it, but where its worker was killed.
//
//     node t/soak/resume.mjs MODULE [SCENE ...]
//
//     drops      clients that lose theirs, by FIN, RST or silence: DROPS (300)
//     reloads    nginx reloaded every 4 s, RELOADS (3) times, under answers of 10 s
//     kills      workers killed, KILLS (10)
//     tabs       TABS (10) of one thread, for TALK (10) seconds
//     abandoned  runs that nobody comes back to, ABANDONED (500)
//     full       a zone of 1 MB, and answers of 100 kB, ANSWERS (100)
//
// CLIENTS (50) at a time.

import { setTimeout as sleep } from 'node:timers/promises'

import { Agent, Gateway, until } from './resume/gateway.mjs'
import { Client, Tally, random } from './resume/client.mjs'
import { abandoned } from './resume/abandoned.mjs'
import { full } from './resume/full.mjs'
import { tabs } from './resume/tabs.mjs'

const number = (name, usual) => +(process.env[name] || usual)
const CLIENTS = number('CLIENTS', 50)

const all = (n, one) => Promise.all(Array.from({ length: n }, (_, i) => one(i)))

// who was asked for more often than once

async function twice (agent) {
  const times = new Map()

  for (const [id] of (await agent.told()).asked) {
    times.set(id, (times.get(id) ?? 0) + 1)
  }

  return [...times.values()].filter(n => n > 1).length
}

async function drops (nginx, agent) {
  const tally = new Tally()
  const most = number('DROPS', 300)

  await all(CLIENTS, async (c) => {
    for (let k = 0; tally.dropped < most; k++) {
      const client = new Client(nginx, `t${c}`, random(2) === 0, tally)

      await client.run(`c${c}k${k}`, 20 + random(180), 5 + random(50),
        1 + random(4))
      client.leave()
    }
  })

  const report = { ...tally.report(), twice: await twice(agent) }

  return [report, !report.wrong && !report.lost && !report.twice
    && !Object.keys(report.errors).length]
}

// those that follow are told to go in mid-answer, others when it has ended

async function reloads (nginx, agent) {
  const tally = new Tally()
  const most = number('RELOADS', 3)
  let done = 0

  const clients = all(CLIENTS, async (c) => {
    const client = new Client(nginx, `t${c}`, c % 2 === 0, tally)

    await sleep(Math.random() * 10000)

    for (let k = 0; done < most; k++) {
      await client.run(`c${c}k${k}`, 100, 100)
    }

    client.leave()
  })

  while (done < most) {
    await sleep(4000)
    nginx.reload()
    done++
  }

  await clients

  const report = { reloads: done, ...tally.report(),
    twice: await twice(agent) }

  return [report, !report.wrong && !report.lost && !report.twice
    && !Object.keys(report.errors).length]
}

async function kills (nginx, agent) {
  const tally = new Tally()
  const most = number('KILLS', 10)
  let done = 0

  const clients = all(CLIENTS, async (c) => {
    for (let k = 0; done < most; k++) {
      const client = new Client(nginx, `t${c}`, random(2) === 0, tally)

      await client.run(`c${c}k${k}`, 20 + random(180), 5 + random(30),
        random(3))
      client.leave()
    }
  })

  while (done < most) {
    await sleep(300 + random(400))
    await nginx.killOne()
    done++
  }

  await clients

  // the zone can be used as ever, and nothing is left in it after a while

  const after = new Tally()

  await all(CLIENTS, (c) => {
    const client = new Client(nginx, `t${c}`, c % 2 === 0, after)

    return client.run(`after${c}`, 20, 10, 2).then(() => client.leave())
  })

  const left = async () => ({
    bytes: await nginx.metric('thread_ws_journal_bytes'),
    kept: await nginx.metric('thread_ws_kept_runs'),
    active: await nginx.metric('thread_ws_active_runs'),
    open: (await agent.told()).open })

  let leaks

  await until(async () => {
    leaks = await left()
    return !Object.values(leaks).some(Boolean)
  }, 'nothing to be left', 60).catch(() => {})

  const report = { kills: done, ...tally.report(), leaks,
    after: after.wrong.length, twice: await twice(agent) }

  return [report, !report.wrong && !report.after
    && !Object.values(leaks).some(Boolean)
    && !Object.keys(report.errors).length]
}

const scenes = {
  drops: { play: drops },
  reloads: { play: reloads },
  kills: { play: kills, resume: '10s keep=10s',
    expected: /exited on signal 9|shared memory zone .* was locked by/ },
  tabs: { play: tabs, store: 'memory' },
  abandoned: { play: abandoned, resume: '1s keep=1s' },
  full: { play: full, zone: '1m' }
}

const [module, ...names] = process.argv.slice(2)

for (const name of names.length ? names : Object.keys(scenes)) {
  const { play, expected, ...options } = scenes[name]
  const began = Date.now()
  const agent = await Agent.start()
  const nginx = await Gateway.start(module, agent, options)

  const [report, fine] = await play(nginx, agent, number)
  const bad = await nginx.stop(expected)

  console.log(JSON.stringify({ scene: name, ...report, bad,
    seconds: Math.round((Date.now() - began) / 1000) }))

  if (!fine || bad.length) process.exitCode = 1

  await agent.stop()
}
