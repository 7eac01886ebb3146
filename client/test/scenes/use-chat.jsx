/* A page for scenes: useChat of one major of the SDK, which a test opens, calls and
   looks at by window.stage. */

import { StrictMode, useEffect } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import * as sdk from 'ai';
import { useChat } from '@ai-sdk/react';

import { shown } from './shown.js';

const mounted = new Map();
const left = new Map();
const transports = new Map();

/* how an application may cut down what it sends */
const ONLY = {
  last: ({ id, messages }) => ({ body: { id, message: messages.at(-1) } }),
  own: ({ id, messages, trigger }) => ({
    body: trigger === 'submit-message'
      ? { trigger: 'submit-user-message', id, message: messages.at(-1) }
      : { trigger: 'regenerate-assistant-message', id },
  }),
};

const ONLY_BY_SOCKET = {
  last: ({ id, messages, trigger, messageId }) => ({
    payload: { id, trigger, messageId, messages: messages.slice(-1) },
  }),
};

function transportOf({ kind, url, only, ...options }) {
  const key = JSON.stringify({ kind, url, only, ...options });

  if (!transports.has(key)) {
    transports.set(key, kind === 'ws'
      ? new sdk.WebSocketChatTransport({
        url, prepareSendMessagesRequest: ONLY_BY_SOCKET[only], ...options,
      })
      : new sdk.DefaultChatTransport({
        api: url, prepareSendMessagesRequest: ONLY[only], ...options,
      }));
  }
  return transports.get(key);
}

function Chat({ name, id, messages, transport, resume, outputs, automatic }) {
  const chat = useChat({
    id,
    messages,
    resume,
    transport: transportOf(transport),
    sendAutomaticallyWhen: sdk[automatic],
    onToolCall({ toolCall: { toolName: tool, toolCallId } }) {
      if (outputs?.[tool] !== undefined) {
        void chat.addToolOutput({ tool, toolCallId, output: outputs[tool] });
      }
    },
  });

  left.set(name, { id, messages: chat.messages });
  useEffect(() => {
    Object.assign(mounted.get(name), { chat, transport: transportOf(transport) });
  });
  return null;
}

/* the last part of a message that waits for that */
function waiting({ messages }, state) {
  return messages.at(-1).parts.find((part) => part.state === state);
}

const calls = {
  send: (chat, message, options) => chat.sendMessage(message, options),
  stop: (chat) => chat.stop(),
  resume: (chat) => chat.resumeStream(),
  again: (chat, i) => chat.regenerate(i === undefined ? {} : { messageId: chat.messages[i].id }),
  edit: (chat, i, text) => chat.sendMessage({ text, messageId: chat.messages[i].id }),
  output(chat, output) {
    const { type, toolName, toolCallId } = waiting(chat, 'input-available');
    const tool = toolName ?? type.slice('tool-'.length);

    return chat.addToolOutput(output === undefined
      ? { tool, toolCallId, state: 'output-error', errorText: 'no such place' }
      : { tool, toolCallId, output });
  },
  answer(chat, approved, reason) {
    const { approval } = waiting(chat, 'approval-requested');

    return chat.addToolApprovalResponse({ id: approval.id, approved, reason });
  },
  disconnect() {
    this.transport.close();
  },
};

window.stage = {
  /* messages of another one, which was left or not: all, or what its user said */
  open(name, { strict, like, keep, ...props }) {
    const root = createRoot(document.body.appendChild(document.createElement('div')));
    const before = like && left.get(like);
    const chat = <Chat key={name} name={name} {...props}
      {...(before && { id: before.id, messages: before.messages.slice(0, keep) })} />;

    mounted.set(name, { root });
    flushSync(() => root.render(strict ? <StrictMode>{chat}</StrictMode> : chat));
  },
  close(name) {
    mounted.get(name).root.unmount();
    mounted.delete(name);
  },
  call(name, verb, args) {
    const chat = mounted.get(name);

    void calls[verb].call(chat, chat.chat, ...args);
  },
  left: (name) => left.get(name),
  state(name) {
    const { status, error, messages } = mounted.get(name).chat ?? { status: 'new', messages: [] };

    return shown(status, error, messages);
  },
};
