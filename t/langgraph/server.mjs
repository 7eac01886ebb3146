// server.mjs DIRECTORY
//
// LangGraph's own server, with what it keeps in that directory.  It prints its
// port once it answers, and leaves when its standard input ends.

import { fileURLToPath } from 'node:url'

// its settings are read while it is loaded

Object.assign(process.env, {
  LANGGRAPH_CLI_NO_ANALYTICS: '1',
  LANGSMITH_TRACING: 'false',
  LOG_LEVEL: 'error'
})

const { startServer } = await import('@langchain/langgraph-api/server')

process.stdin.on('end', () => process.exit(0)).resume()

const source = (name) => fileURLToPath(new URL(name, import.meta.url))

// a worker looks for a run once in a second: the more, the sooner

const { host } = await startServer({
  host: '127.0.0.1',
  port: 0,
  nWorkers: 20,
  cwd: process.argv[2],
  graphs: {
    agent: source('./graph.mjs:graph'),
    ...Object.fromEntries(['nested', 'again', 'draft', 'both', 'chorus', 'choir',
      'plain', 'whole', 'careful', 'curious', 'halting'].map((name) => [name, source(`./graphs.mjs:${name}`)]))
  }
})

console.log(`port ${host.split(':').at(-1)}`)
