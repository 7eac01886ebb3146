/**
 * The connection: a thread's runs over the socket that is there now.
 *
 * @module
 */

import { ThreadError, call, newRequestId } from './run.js';
import { OTHER, createRuns } from './runs.js';
import { createSocket } from './socket.js';

/**
 * @typedef {import('./types.js').ConnectionEvents} ConnectionEvents
 * @typedef {import('./types.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./types.js').ConnectionState} ConnectionState
 * @typedef {import('./types.js').Content} Content
 * @typedef {import('./types.js').Entry} Entry
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').SendOptions} SendOptions
 */

/* what a message may have beside its content */
const FIELDS = ['toolResults', 'answers', 'replaces', 'parameters', 'metadata'];

export class ThreadConnection {
  /** @type {import('./socket.js').ThreadSocket} */
  #socket;
  /** @type {import('./runs.js').Runs} */
  #runs;
  /** @type {Map<string, Set<(arg: any) => void>>} */
  #listeners = new Map();

  /**
   * Opens the socket, unless close() is called in the same breath.
   *
   * @param {string} threadId
   * @param {ConnectionOptions} [options]
   */
  constructor(threadId, options = {}) {
    /** @readonly */
    this.threadId = threadId;

    this.#socket = createSocket(options, {
      address: (url) => url.searchParams.set('threadId', threadId),
      entered: (state) => this.#emit('state', state),
      opened: (protocol) => this.#runs.opened(protocol),
      heard: (data) => this.#heard(data),
      lost: (loss) => this.#runs.lost(loss),
      awaited: (now) => this.#runs.expire(now),
    });

    this.#runs = createRuns({
      threadId,
      socket: this.#socket,
      answerTimeoutMs: options.answerTimeoutMs ?? 90000,
      resume: options.resume,
      begun: (run) => this.#emit('run', run),
      warn: (message, data) => this.#emit('warning', { message, data }),
    });
  }

  /** @returns {ConnectionState} */
  get state() {
    return this.#socket.state;
  }

  /** What is under way, whoever began it, oldest first. */
  get runs() {
    return this.#runs.list;
  }

  /**
   * The runs that go on, each from its beginning: once the server has said so,
   * or that it does not let runs be followed, or cannot be reached. (A list,
   * since a run alone is a promise, and would be waited for.)
   *
   * @returns {Promise<Run[]>}
   */
  async underWay() {
    await this.#runs.known;
    return this.runs;
  }

  /**
   * Listens. The function returned ends it.
   *
   * @template {keyof ConnectionEvents} K
   * @param {K} type
   * @param {(arg: ConnectionEvents[K]) => void} listener
   * @returns {() => void}
   */
  on(type, listener) {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(listener));
    return () => { set.delete(listener); };
  }

  /**
   * Sends a message: at once, or as soon as the connection is there. A
   * connection that has given up is tried again. What the server refuses before
   * it begins is sent again, as `retries` says.
   *
   * @param {Content | undefined} content
   * @param {SendOptions} [options]
   * @returns {Run}
   */
  send(content, { requestId = newRequestId(), signal, onToken, onReset, retries, ...others } = {}) {
    const known = this.#runs.find(requestId);
    const listeners = { onToken, onReset };

    if (known && JSON.stringify(known.run.content) === JSON.stringify(content)) {
      this.#attend(known, signal, listeners);
      return known.run;
    }

    const { status, retryable, reason, code } = this.state;
    const entry = this.#runs.make({ requestId, content, ...others }, true, retries);
    const unknown = Object.keys(others).find((name) =>
      !FIELDS.includes(name) && others[/** @type {keyof others} */ (name)] !== undefined);

    /** @param {string} message @param {object} detail */
    const refuse = (message, detail) => {
      entry.fail(new ThreadError(message, { requestId, ...detail }));
      return entry.run;
    };

    if (known) {
      return refuse(OTHER, { code: 'DUPLICATE_REQUEST' });
    }
    if (!(content?.length ? !(/** @type {any} */ (content)).includes('\0')
      : content === undefined && (others.answers || others.toolResults))
      || !/^[!#-[\]-~ ]{1,128}$/.test(requestId)) {
      return refuse('The message is not valid.',
        { code: 'INVALID_MESSAGE' });
    }
    if (unknown) {
      return refuse(`"${unknown}" cannot be sent.`,
        { code: 'INVALID_MESSAGE' });
    }
    if (signal?.aborted) {
      return refuse('Cancelled.', { code: 'CANCELLED', retryable: true });
    }
    if (status === 'closed') {
      return refuse('The connection is closed.', { code: 'CLOSED' });
    }
    if (status === 'disconnected' && !retryable) {
      return refuse(reason ?? '', { code: 'CONNECTION_ENDED', closeCode: code });
    }

    this.#runs.add(entry);
    this.#attend(entry, signal, listeners);
    this.#runs.flush();

    if (status === 'disconnected') {
      this.retry();
    }

    return entry.run;
  }

  /**
   * @param {Entry} entry
   * @param {SendOptions['signal']} signal
   * @param {import('./types.js').RunListeners} listeners
   */
  #attend(entry, signal, listeners) {
    entry.listen(listeners);

    if (signal) {
      const abort = () => entry.run.cancel();
      const forget = () => signal.removeEventListener('abort', abort);

      signal.addEventListener('abort', abort);
      entry.run.then(forget, forget);
      if (signal.aborted) {
        abort();
      }
    }
  }

  /**
   * Cancels the named run, or all of them, whoever began them. A run ends when
   * the server says so: as CANCELLED, or with its answer if that was complete
   * already.
   *
   * @param {string} [requestId]
   */
  cancel(requestId) {
    this.#runs.cancelAll(requestId);
  }

  /**
   * Tries now, from scratch. Where a socket is there already, the server is
   * asked whether it is; what waits to be sent again is sent.
   */
  retry() {
    this.#socket.retry();
    this.#runs.hurry();
  }

  /** Ends the connection for good; what is running is given up. */
  close() {
    if (this.state.status !== 'closed') {
      this.#socket.close();
    }
  }

  /**
   * @template {keyof ConnectionEvents} K
   * @param {K} type
   * @param {ConnectionEvents[K]} arg
   */
  #emit(type, arg) {
    for (const listener of [...this.#listeners.get(type) ?? []]) {
      /* a listener has changed it meanwhile, and all were told of that */
      if (type === 'state' && arg !== this.state) {
        return;
      }
      call(listener, arg);
    }
  }

  /** @param {unknown} data */
  #heard(data) {
    /** @type {any} */
    let event;

    try {
      event = JSON.parse(/** @type {string} */ (data));
    } catch {
      /* told below */
    }

    if (!event || typeof event.type !== 'string') {
      this.#emit('warning', { message: 'not an event', data });
    } else if (this.#runs.heard(event)) {
      this.#emit('event', event);
    }
  }
}
