/**
 * The AI SDK's own chat and WebSocket transport, as useChat has them, in node:
 * nothing of theirs is changed, and every frame is held against their schema.
 */

import { EventEmitter, once } from 'node:events';

import * as ai from 'ai-7';
import WebSocket from 'ws';

const { WebSocketChatTransport, uiMessageChunkSchema } = ai;

class State {
  constructor(messages) {
    this.messages = messages;
    this.status = 'ready';
    this.error = undefined;
    this.snapshot = (value) => structuredClone(value);
  }

  pushMessage(message) {
    this.messages = [...this.messages, message];
  }

  popMessage() {
    this.messages = this.messages.slice(0, -1);
  }

  replaceMessage(index, message) {
    this.messages = this.messages.with(index, this.snapshot(message));
  }
}

/* a chat as that major of the SDK has it */
export function createChat({ AbstractChat: Base }, { messages = [], ...init }) {
  return new class extends Base {
    constructor() {
      super({ ...init, state: new State(messages) });
    }

    /* the text of the last message, all of its parts */
    get said() {
      return this.messages.at(-1).parts.filter(({ type }) => type === 'text')
        .map(({ text }) => text).join('|');
    }
  }();
}

/* a page: its chats share one transport, and so a socket while that is open */
export function openPage(url, options = {}) {
  const frames = [];
  const sent = [];
  const broken = [];
  const sockets = [];
  const checks = [];
  const sequences = {};
  const changed = new EventEmitter();

  async function check(frame) {
    frames.push(frame);
    changed.emit('frame');

    if (frame.type !== 'chunk') {
      return;
    }

    const next = (sequences[frame.requestId] ?? -1) + 1;

    sequences[frame.requestId] = frame.sequence;

    const { success } = await uiMessageChunkSchema().validate(frame.chunk);

    if (!success || frame.sequence !== next) {
      broken.push(frame);
    }
  }

  class Socket extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
      this.on('message', (data) => checks.push(check(JSON.parse(data))));
    }

    send(data, ...rest) {
      sent.push(JSON.parse(data));
      super.send(data, ...rest);
    }
  }

  const transport = new WebSocketChatTransport({ url, webSocket: Socket, ...options });

  return {
    frames,
    sent,
    sockets,
    chat: (init = {}) => createChat(ai, { transport, ...init }),
    /* until so many frames of that type have come */
    async heard(wanted, n = 1) {
      while (frames.filter(({ type }) => type === wanted).length < n) {
        await once(changed, 'frame');
      }
    },
    async broken() {
      await Promise.all(checks);
      return broken;
    },
    close() {
      for (const socket of sockets) {
        socket.terminate();
      }
    },
  };
}
