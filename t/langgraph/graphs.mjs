// Graphs as people build them, of models that say what they are given: no key,
// no network.

import { randomUUID } from 'node:crypto'
import { AIMessage, AIMessageChunk, ToolMessage } from '@langchain/core/messages'
import { ChatGenerationChunk } from '@langchain/core/outputs'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { tool } from '@langchain/core/tools'
import { END, MessagesAnnotation, START, StateGraph, interrupt } from '@langchain/langgraph'
import { createReactAgent } from '@langchain/langgraph/prebuilt'

const says = (text) => new FakeListChatModel({ responses: [text] })

// models of providers hand each chunk on like this; LangChain's fakes neither
// call tools nor fail in mid-stream

class Script extends FakeListChatModel {
  constructor (script) {
    super({ responses: [''] })
    this.script = script
  }

  async * _streamResponseChunks (messages, options, manager) {
    const id = randomUUID()

    for (const piece of this.script(messages)) {
      const fields = typeof piece === 'string' ? { content: piece } : piece
      const message = new AIMessageChunk({ id, content: '', ...fields })
      const chunk = new ChatGenerationChunk({ text: message.text, message })

      await manager?.handleLLMNewToken(message.text, undefined, undefined,
        undefined, undefined, { chunk })
      yield chunk
    }
  }
}

const node = (model) => async (state, config) => ({
  messages: [await model.invoke(state.messages, config)]
})

const graph = (name, run, options) => new StateGraph(MessagesAnnotation)
  .addNode(name, run, options)
  .addEdge(START, name)
  .addEdge(name, END)
  .compile()

// an agent: a model and its tool, until it calls none

const clockwise = new Script((messages) => messages.at(-1).getType() === 'tool'
  ? ['It is ', messages.at(-1).text, '.']
  : ['Let me ', 'look.', {
      tool_call_chunks: [{ name: 'clock', args: '{}', id: randomUUID(), index: 0,
        type: 'tool_call_chunk' }]
    }])

const agent = new StateGraph(MessagesAnnotation)
  .addNode('model', node(clockwise))
  .addNode('clock', async (state) => ({
    messages: [new ToolMessage({
      content: 'noon', tool_call_id: state.messages.at(-1).tool_calls[0].id
    })]
  }))
  .addEdge(START, 'model')
  .addConditionalEdges('model', (state) =>
    state.messages.at(-1).tool_calls?.length ? 'clock' : END)
  .addEdge('clock', 'model')
  .compile()

export const nested = graph('agent', agent)

// the first model breaks off, the graph asks again

let failed = false

const breaks = new Script(function * () {
  yield 'Half an '
  if (!failed) {
    failed = true
    throw new Error('the model has had enough')
  }
  yield 'hour more.'
})

export const again = graph('model', node(breaks), {
  retryPolicy: { maxAttempts: 2, initialInterval: 1, retryOn: () => true }
})

// a node that keeps only its second model's words, and one that keeps both

export const draft = graph('model', async (state, config) => {
  await says('A draft.').invoke(state.messages, config)
  return { messages: [await says('The answer.').invoke(state.messages, config)] }
})

export const both = graph('model', async (state, config) => ({
  messages: [await says('On the one hand.').invoke(state.messages, config),
    await says('On the other.').invoke(state.messages, config)]
}))

// two who speak at the same time, and one after them

const beside = (one, other) => new StateGraph(MessagesAnnotation)
  .addNode('one', one)
  .addNode('other', other)
  .addNode('sum', node(says('So both agree.')))
  .addEdge(START, 'one')
  .addEdge(START, 'other')
  .addEdge('one', 'sum')
  .addEdge('other', 'sum')
  .addEdge('sum', END)
  .compile()

const slowly = (text) => new FakeListChatModel({ responses: [text], sleep: 2 })

export const chorus = beside(node(slowly('I say yes.')),
  node(slowly('I say yes, too.')))

export const choir = beside(graph('voice', node(slowly('I say yes.'))),
  graph('voice', node(slowly('I say yes, too.'))))

// messages that are objects, not of LangChain's classes

export const plain = graph('words', async () => ({
  messages: [{ role: 'assistant', content: 'No class of mine.' }]
}))

export const whole = graph('words', async () => ({
  messages: [new AIMessage('No model of mine.')]
}))

// an agent with two tools, one of which asks before it does anything

const calls = (name, args) => ({
  tool_call_chunks: [{ name, args: JSON.stringify(args), id: randomUUID(), index: 0,
    type: 'tool_call_chunk' }]
})

class Tooled extends Script {
  bindTools () { return this }
}

const parameters = (name) => ({
  type: 'object', properties: { [name]: { type: 'string' } }, required: [name]
})

export const careful = createReactAgent({
  llm: new Tooled((messages) => {
    const last = messages.at(-1)
    if (last.getType() === 'human') return ['I look.', calls('size', { file: 'a' })]
    if (last.name === 'size') return [`It has ${last.text}. `, calls('remove', { file: 'a' })]
    return [`So it is ${last.text}.`]
  }),
  tools: [
    tool(async () => '3 bytes', { name: 'size', description: '-', schema: parameters('file') }),
    tool(async ({ file }) => {
      const { ok } = interrupt({ remove: file })
      return ok ? 'removed' : 'kept'
    }, { name: 'remove', description: '-', schema: parameters('file') })
  ]
})

// two questions at once, and what was answered

const asks = (question) => async () => {
  const answer = interrupt(question)
  return { messages: [new AIMessage(`${question} ${JSON.stringify(answer)}.`)] }
}

export const curious = new StateGraph(MessagesAnnotation)
  .addNode('one', asks('Why?'))
  .addNode('other', asks('When?'))
  .addEdge(START, 'one')
  .addEdge(START, 'other')
  .compile()

// a graph that was made to stop before a node

export const halting = new StateGraph(MessagesAnnotation)
  .addNode('one', node(says('Ready.')))
  .addNode('other', node(says('Gone.')))
  .addEdge(START, 'one')
  .addEdge('one', 'other')
  .compile({ interruptBefore: ['other'] })
