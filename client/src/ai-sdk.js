/**
 * A transport for the AI SDK's useChat (`ai` 5, 6 and 7): each chat is a
 * thread, with one connection over all its messages.
 *
 * The server keeps the history, so that only the last message is sent.
 *
 * @module thread-ws/ai-sdk
 */

import { ThreadConnection, ThreadError, newRequestId } from './index.js';

/**
 * @typedef {import('./index.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./index.js').FinalEvent} FinalEvent
 * @typedef {import('./index.js').Run} Run
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
 * @property {Carried[]} [ignore] what may be left out of a message where it is
 *   given; all else that cannot be sent is refused
 */

/**
 * What useChat hands to a transport and a thread's message has no place for.
 *
 * @typedef {'headers' | 'body' | 'metadata' | 'files' | 'tools'} Carried
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

/**
 * What of it cannot be sent, by its name. Nothing is left out unsaid.
 *
 * @param {Parameters<Transport['sendMessages']>[0]} options
 * @returns {Carried[]}
 */
function excess({ messages, headers, body, metadata }) {
  const last = messages.at(-1);
  const tools = last?.role === 'assistant';

  return /** @type {[Carried, boolean][]} */ ([
    ['headers', [...new Headers(headers)].length > 0],
    ['body', Object.keys(body ?? {}).length > 0],
    ['metadata', metadata !== undefined],
    /* an assistant's message comes back with what its tools gave */
    ['tools', tools],
    ['files', !tools && !!last?.parts.some(({ type }) => type !== 'text')],
  ]).filter(([, given]) => given).map(([name]) => name);
}

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
  #ignore;

  /** @param {ConnectionOptions & TransportOptions} [options] */
  constructor({ storage, metadata, ignore = [], ...options } = {}) {
    this.#options = options;
    this.#storage = storage;
    this.#metadata = metadata;
    this.#ignore = ignore;
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
  async sendMessages(options) {
    const { trigger, chatId, messages, abortSignal } = options;
    const refused = excess(options).filter((name) => !this.#ignore.includes(name));

    if (refused.length) {
      throw new ThreadError(`A thread's message cannot carry ${refused.join(', ')}.`,
        { code: 'INVALID_MESSAGE' });
    }

    const chat = this.#chat(chatId);
    const message = messages.findLast(({ role }) => role === 'user');
    const content = textOf(message);
    const id = message?.id ?? newRequestId();
    const requestId = this.#requestId(chat, chatId, id, content, trigger);

    return this.#ask(chat, chatId, id, requestId, content, abortSignal);
  }

  /**
   * The answer under way, from its beginning: one that this page has asked for;
   * with a storage, the one that was awaited when the page was left, which the
   * server answers from its store, or anew; or, where the server lets runs be
   * followed, whichever it has.
   *
   * @param {Parameters<Transport['reconnectToStream']>[0]} options
   * @returns {Promise<ReadableStream<UIMessageChunk> | null>}
   */
  async reconnectToStream({ chatId, abortSignal }) {
    const chat = this.#chat(chatId);
    const pending = chat.run ? null : this.#pending(chatId);

    if (pending) {
      return this.#ask(chat, chatId, pending.id, pending.requestId, pending.content, abortSignal);
    }

    const run = chat.run ?? (await chat.connection.underWay()).at(-1);

    if (!run || abortSignal?.aborted) {
      return null;
    }

    const stop = run === chat.run ? chat.stop : () => run.cancel();

    abortSignal?.addEventListener('abort', stop, { once: true });
    return this.#stream(run, stop);
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
   * A failure errors the stream, so that useChat's error is the ThreadError
   * itself.
   *
   * @param {Run} run
   * @param {() => void} stop
   * @returns {ReadableStream<UIMessageChunk>}
   */
  #stream(run, stop) {
    const chunks = this.#chunks(run);

    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await chunks.next();

        if (done) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      cancel: stop,
    }, {
      /* what is queued would be lost with an error */
      highWaterMark: 0,
    });
  }

  /**
   * @param {Run} run
   * @returns {AsyncGenerator<UIMessageChunk, void, void>}
   */
  async *#chunks(run) {
    const id = run.requestId;
    let open = false;

    yield { type: 'start', messageId: `${id}-answer` };

    try {
      for await (const delta of run) {
        if (!open) {
          open = true;
          yield { type: 'text-start', id };
        }
        yield { type: 'text-delta', id, delta };
      }

    } catch (error) {
      if (open) {
        yield { type: 'text-end', id };
      }
      if (/** @type {ThreadError} */ (error).code !== 'CANCELLED') {
        throw error;
      }
      yield { type: 'abort' };
      return;
    }

    if (open) {
      yield { type: 'text-end', id };
    }

    const final = await run;

    yield {
      type: 'finish',
      finishReason: final.finishReason ? REASONS[final.finishReason] ?? 'other' : undefined,
      messageMetadata: this.#metadata?.(final),
    };
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
