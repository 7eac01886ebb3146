// A graph with models that say what they are told to: no key, no network.
//
//   fail WORDS    the model throws an error after two chunks
//   slow WORDS    a chunk each 50 ms, thousands of them
//   usage WORDS   the model tells its usage
//   tool WORDS    a tool and a hidden model speak before the answer
//   all else      is answered by the words and the number of messages

import { randomUUID } from 'node:crypto'
import { AIMessage, AIMessageChunk, ToolMessage } from '@langchain/core/messages'
import { ChatGenerationChunk } from '@langchain/core/outputs'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'

const heard = (state) => state.messages.at(-1).text

// a chunk of a real model's stream, with the usage in its last one

const chunk = (text, usage) => new AIMessageChunk({
  content: text,
  usage_metadata: usage,
  response_metadata: usage ? { finish_reason: 'stop' } : {}
})

const usage = { input_tokens: 7, output_tokens: 3, total_tokens: 10 }

// LangChain's own fakes tell no usage and raise no error in mid-stream; models
// of providers hand each chunk on like this

const hand = async (message, manager) => {
  const generation = new ChatGenerationChunk({ text: message.text, message })
  await manager?.handleLLMNewToken(message.text, undefined, undefined,
    undefined, undefined, { chunk: generation })
  return generation
}

class Telling extends FakeListChatModel {
  async * _streamResponseChunks (messages, options, manager) {
    yield await hand(chunk('count'), manager)
    yield await hand(chunk('ed'), manager)
    yield await hand(chunk('', usage), manager)
  }
}

class Failing extends FakeListChatModel {
  async * _streamResponseChunks (messages, options, manager) {
    yield await hand(chunk('not '), manager)
    yield await hand(chunk('yet '), manager)
    throw new Error('the model has had enough')
  }
}

const says = (text) => new FakeListChatModel({ responses: [text] })

const model = (text, count) => {
  if (text.startsWith('fail ')) return new Failing({ responses: [''] })

  if (text.startsWith('slow ')) {
    return new FakeListChatModel({ responses: ['and on '.repeat(1000)], sleep: 50 })
  }

  if (text.startsWith('usage ')) return new Telling({ responses: [''] })

  return says(`${text}: message ${count}`)
}

const prepare = async (state, config) => {
  if (!heard(state).startsWith('tool ')) return {}

  await says('a hidden thought').withConfig({ tags: ['nostream'] })
    .invoke(state.messages, config)

  const call = { name: 'clock', args: {}, id: randomUUID() }

  return {
    messages: [
      new AIMessage({ id: randomUUID(), content: '', tool_calls: [call] }),
      new ToolMessage({ content: 'half past nine', tool_call_id: call.id })
    ]
  }
}

const answer = async (state, config) => {
  const last = state.messages.findLast((message) => message.getType() === 'human')

  return {
    messages: [await model(last.text, state.messages.length)
      .invoke(state.messages, config)]
  }
}

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('prepare', prepare)
  .addNode('answer', answer)
  .addEdge(START, 'prepare')
  .addEdge('prepare', 'answer')
  .addEdge('answer', END)
  .compile()
