/**
 * A transport for the AI SDK's useChat (`ai` 6 and 7): each chat is a thread,
 * with one connection over all its messages.
 *
 * The server keeps the history, so that only the last message is sent.
 *
 * @module thread-ws/ai-sdk
 */

import { ThreadConnection, newRequestId } from './index.js';

/**
 * @typedef {import('./index.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./index.js').FinalEvent} FinalEvent
 * @typedef {import('./index.js').Run} Run
 * @typedef {import('./index.js').ThreadError} ThreadError
 */

/**
 * @typedef {import('ai').UIMessage} UIMessage
 * @typedef {import('ai').UIMessageChunk} UIMessageChunk
 * @typedef {import('ai').ChatTransport<UIMessage>} Transport
 */

/**
 * @typedef {object} TransportOptions
 * @property {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} [storage]
 *   where to note messages that await an answer (sessionStorage, say), so that
 *   reconnectToStream() can ask for them after a reload of the page
 * @property {(final: FinalEvent) => unknown} [metadata] the answer's metadata
 */

/**
 * @typedef {object} Asked
 * @property {string} requestId
 * @property {string} content
 * @property {boolean} done
 */

/**
 * @typedef {object} Chat
 * @property {ThreadConnection} connection
 * @property {Map<string, Asked>} asked by the message's id
 * @property {Run | null} run what is under way
 * @property {() => void} stop ends that
 */

const GRAMMAR = /^[!#-[\]-~]{1,128}$/;

/** @type {Record<string, import('ai').FinishReason>} */
const REASONS = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  content_filter: 'content-filter',
  refusal: 'content-filter',
  tool_calls: 'tool-calls',
  tool_use: 'tool-calls',
};

/** @param {UIMessage | undefined} message */
function textOf(message) {
  return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/**
 * @implements {Transport}
 */
export class ThreadChatTransport {
  /** A resumed stream begins at the answer's beginning. */
  resumeStreamIsReplay = true;
  /** @type {Map<string, Chat>} */
  #chats = new Map();
  #options;
  #storage;
  #metadata;

  /** @param {ConnectionOptions & TransportOptions} [options] */
  constructor({ storage, metadata, ...options } = {}) {
    this.#options = options;
    this.#storage = storage;
    this.#metadata = metadata;
  }

  /**
   * A chat's connection, for its state and retry(). It is made when it is
   * first asked for, and kept until close().
   *
   * @param {string} chatId
   * @returns {ThreadConnection}
   */
  connection(chatId) {
    return this.#chat(chatId).connection;
  }

  /**
   * Closes a chat's connection, or all of them.
   *
   * @param {string} [chatId]
   */
  close(chatId) {
    for (const [id, { connection }] of [...this.#chats]) {
      if (chatId === undefined || id === chatId) {
        this.#chats.delete(id);
        connection.close();
      }
    }
  }

  /**
   * @param {Parameters<Transport['sendMessages']>[0]} options
   * @returns {Promise<ReadableStream<UIMessageChunk>>}
   */
  async sendMessages({ trigger, chatId, messages, abortSignal }) {
    const chat = this.#chat(chatId);
    const message = messages.findLast(({ role }) => role === 'user');
    const content = textOf(message);
    const id = message?.id ?? newRequestId();
    const requestId = this.#requestId(chat, chatId, id, content, trigger);

    return this.#ask(chat, chatId, id, requestId, content, abortSignal);
  }

  /**
   * The answer under way, from its beginning: one that this page has asked
   * for, or, with a storage, the one that was awaited when the page was left.
   * The server answers that from its store, or anew.
   *
   * @param {Parameters<Transport['reconnectToStream']>[0]} options
   * @returns {Promise<ReadableStream<UIMessageChunk> | null>}
   */
  async reconnectToStream({ chatId, abortSignal }) {
    const chat = this.#chats.get(chatId);

    if (chat?.run) {
      abortSignal?.addEventListener('abort', chat.stop, { once: true });
      return this.#stream(chat.run, chat.stop);
    }

    const pending = this.#pending(chatId);

    return pending && this.#ask(this.#chat(chatId), chatId, pending.id,
      pending.requestId, pending.content, abortSignal);
  }

  /** @param {string} chatId @returns {Chat} */
  #chat(chatId) {
    let chat = this.#chats.get(chatId);

    if (!chat) {
      chat = {
        connection: new ThreadConnection(chatId, this.#options),
        asked: new Map(),
        run: null,
        stop: () => {},
      };
      this.#chats.set(chatId, chat);
    }

    return chat;
  }

  /**
   * The name of a run: what has failed is tried again under its name; what has
   * been answered, or is changed, needs a new one.
   *
   * @param {Chat} chat
   * @param {string} chatId
   * @param {string} id the message's
   * @param {string} content
   * @param {string} trigger
   */
  #requestId(chat, chatId, id, content, trigger) {
    const pending = this.#pending(chatId);
    const known = chat.asked.get(id) ?? (pending?.id === id ? pending : undefined);

    if (known) {
      return !known.done && known.content === content ? known.requestId : newRequestId();
    }

    return trigger === 'submit-message' && GRAMMAR.test(id) ? id : newRequestId();
  }

  /**
   * @param {Chat} chat
   * @param {string} chatId
   * @param {string} id
   * @param {string} requestId
   * @param {string} content
   * @param {AbortSignal | undefined} signal
   */
  #ask(chat, chatId, id, requestId, content, signal) {
    const asked = { requestId, content, done: false };
    const run = chat.connection.send(content, { requestId, signal });
    /* who asks again after that wants another run, not the one that ends */
    const stop = () => {
      asked.done = true;
      run.cancel();
    };
    const end = () => {
      if (chat.run === run) {
        chat.run = null;
        this.#forget(chatId);
      }
    };

    chat.asked.set(id, asked);
    chat.run = run;
    chat.stop = stop;
    signal?.addEventListener('abort', stop, { once: true });
    this.#note(chatId, { id, ...asked });

    run.then(() => {
      asked.done = true;
      end();

    }, ({ code, retryable }) => {
      if (code === 'CANCELLED') {
        asked.done = true;
        end();
      } else if (!retryable && code !== 'CLOSED') {
        end();
      } else if (chat.run === run) {
        chat.run = null;
      }
    });

    return this.#stream(run, stop);
  }

  /**
   * @param {Run} run
   * @param {() => void} stop
   * @returns {ReadableStream<UIMessageChunk>}
   */
  #stream(run, stop) {
    const id = run.requestId;

    return new ReadableStream({
      start: async (controller) => {
        let open = false;

        /** @param {UIMessageChunk} chunk */
        const put = (chunk) => controller.enqueue(chunk);

        try {
          put({ type: 'start', messageId: `${id}-answer` });

          for await (const delta of run) {
            if (!open) {
              open = true;
              put({ type: 'text-start', id });
            }
            put({ type: 'text-delta', id, delta });
          }
          if (open) {
            put({ type: 'text-end', id });
          }

          const final = await run;
          put({
            type: 'finish',
            finishReason: final.finishReason ? REASONS[final.finishReason] ?? 'other' : undefined,
            messageMetadata: this.#metadata?.(final),
          });
          controller.close();

        } catch (error) {
          this.#fail(controller, /** @type {ThreadError} */ (error), open && id);
        }
      },
      cancel: stop,
    });
  }

  /**
   * @param {ReadableStreamDefaultController<UIMessageChunk>} controller
   * @param {ThreadError} error
   * @param {string | false} open the text part that has begun
   */
  #fail(controller, error, open) {
    try {
      if (open) {
        controller.enqueue({ type: 'text-end', id: open });
      }
      controller.enqueue(error.code === 'CANCELLED' ? { type: 'abort' }
        : { type: 'error', errorText: error.message });
      controller.close();
    } catch {
      /* the reader has gone first */
    }
  }

  /** @param {string} chatId */
  #key(chatId) {
    return `thread-ws:${chatId}`;
  }

  /** @param {string} chatId @returns {(Asked & {id: string}) | null} */
  #pending(chatId) {
    try {
      const pending = JSON.parse(this.#storage?.getItem(this.#key(chatId)) ?? 'null');
      return typeof pending?.content === 'string' ? pending : null;
    } catch {
      /* not ours: nothing is awaited */
      return null;
    }
  }

  /** @param {string} chatId @param {Asked & {id: string}} pending */
  #note(chatId, pending) {
    try {
      this.#storage?.setItem(this.#key(chatId), JSON.stringify(pending));
    } catch {
      /* full: the answer lasts as long as the page */
    }
  }

  /** @param {string} chatId */
  #forget(chatId) {
    this.#storage?.removeItem(this.#key(chatId));
  }
}
