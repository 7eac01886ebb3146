/* A page for scenes: AG-UI's own agent, and TanStack AI's client over a WebSocket and
   over HTTP, which a test opens, calls and looks at by window.stage. */

import { HttpAgent } from '@ag-ui/client';
import { ChatClient, fetchServerSentEvents, webSocket } from '@tanstack/ai-client';

import { shown } from './shown.js';

const opened = new Map();
let questions = 0;

/* the clients' messages as the SDK's parts are told */
const text = (value) => ({ type: 'text', text: value });

const joined = (content = '') => (typeof content === 'string' ? content
  : content.map((part) => part.text ?? `<${part.type}>`).join('|'));

const agUiParts = ({ role, content, toolCalls = [] }) => [
  ...(content ? [{ type: role === 'reasoning' ? role : 'text', text: joined(content) }] : []),
  ...toolCalls.map(({ function: f }) => text(`${f.name} ${f.arguments}`)),
];

const tanStackPart = (part) => {
  switch (part.type) {
    case 'thinking': return { type: 'reasoning', text: part.content };
    case 'tool-call': return {
      type: `tool-${part.name}`, input: part.input, output: part.output,
      state: part.output === undefined ? part.state : 'output-available',
    };
    case 'tool-result': return { type: 'step' };
    default: return text(part.content);
  }
};

class AgUi {
  constructor({ url, threadId, messages }) {
    this.agent = new HttpAgent({ url, threadId, initialMessages: messages });
    this.status = 'ready';
  }

  async run(input = {}) {
    this.status = 'running';
    this.error = undefined;
    try {
      await this.agent.runAgent(input, {
        /* it says so itself when it is stopped */
        onRunErrorEvent: ({ event }) => {
          this.error = event.code === 'abort' ? undefined : event;
        },
      });
    } catch (error) {
      this.error = error;
    }
    this.status = this.error ? 'error' : 'ready';
  }

  send(content, input) {
    this.agent.addMessage({
      id: `q${++questions}`, role: 'user', content: content.text ?? content,
    });
    return this.run(input);
  }

  stop() {
    this.agent.abortRun();
  }

  output(content) {
    const { toolCalls: [call] } = this.agent.messages.at(-1);

    this.agent.addMessage({
      id: `q${++questions}`, role: 'tool', toolCallId: call.id, content: JSON.stringify(content),
    });
    return this.run();
  }

  answer(payload) {
    return this.run({
      resume: this.agent.pendingInterrupts.map(({ id: interruptId }) => (payload === undefined
        ? { interruptId, status: 'cancelled' } : { interruptId, status: 'resolved', payload })),
    });
  }

  state() {
    return shown(this.status, this.error,
      this.agent.messages.map((message) => ({ parts: agUiParts(message) })))
      + this.agent.pendingInterrupts.map(() => ' asks').join('');
  }
}

class TanStack {
  constructor({ kind, url, threadId, ...options }) {
    this.client = new ChatClient({
      threadId,
      connection: (kind === 'tanstack' ? webSocket : fetchServerSentEvents)(url, options),
      onError: (error) => { this.error = error; },
    });
  }

  send({ text: content }) {
    this.error = undefined;
    return this.client.sendMessage(content);
  }

  stop() {
    this.client.stop();
  }

  again() {
    return this.client.reload();
  }

  disconnect() {
    this.client.dispose();
  }

  output(output) {
    const { id, name } = this.client.getMessages().at(-1).parts
      .find(({ type }) => type === 'tool-call');

    return this.client.addToolResult({ toolCallId: id, tool: name, output });
  }

  answer(payload) {
    for (const asked of this.client.getPendingInterrupts()) {
      if (payload === undefined) {
        asked.cancel();
      } else {
        asked.resolveInterrupt(payload);
      }
    }
  }

  state() {
    return shown(this.client.getStatus(), this.error ?? this.client.getError(),
      this.client.getMessages().map(({ parts }) => ({ parts: parts.map(tanStackPart) })))
      + this.client.getPendingInterrupts().map(() => ' asks').join('');
  }
}

window.stage = {
  open(name, { transport, id: threadId, ...options }) {
    opened.set(name, transport.kind === 'ag-ui' ? new AgUi({ threadId, ...transport, ...options })
      : new TanStack({ threadId, ...transport, ...options }));
  },
  call(name, verb, args) {
    void opened.get(name)[verb](...args);
  },
  state: (name) => opened.get(name).state(),
};
