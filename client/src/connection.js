/**
 * The connection: one socket at a time, its recovery, and the dispatch of the
 * server's events to the runs they belong to.
 *
 * @module
 */

import { Pulse } from './pulse.js';
import { ThreadError, createEntry, newRequestId } from './run.js';

/**
 * @typedef {import('./types.js').ConnectionEvents} ConnectionEvents
 * @typedef {import('./types.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./types.js').ConnectionState} ConnectionState
 * @typedef {import('./types.js').Entry} Entry
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').SendOptions} SendOptions
 * @typedef {import('./types.js').Status} Status
 */

const DEFAULTS = {
  url: '/api/chat/ws',
  backoff: [1000, 2000, 4000],
  jitter: 0,
  restartSpreadMs: 500,
  livenessMs: 2000,
  connectTimeoutMs: 4000,
  answerTimeoutMs: 90000,
};

/* a socket that stayed open for so long, in ms, has come back for good */
const STABLE_MS = 5000;

const RESTART = 1012;

/* the slowest line that is reckoned with, in characters per ms: what is large
   is on its way for a while, and nothing else can be heard before it is there */
const SLOWEST = 50;

/* after these the server would only refuse again, or is done: who wants the
   connection back has to say so */
/**
 * The subprotocols to offer: by the newer one the server tells that a model
 * which says nothing is at work.
 *
 * @param {string | string[]} [protocols] the application's
 */
const offered = (protocols) => {
  const names = [protocols ?? 'thread-ws'].flat();

  return names.includes('thread-ws') && !names.includes('thread-ws.v2')
    ? ['thread-ws.v2', ...names] : names;
};

/** @type {Record<number, string>} */
const ENDED = {
  1000: 'The server has ended the connection.',
  1002: 'The server did not understand the connection.',
  1003: 'The server does not take this kind of data.',
  1007: 'The server received text that is not valid.',
  1008: 'The server refuses this thread.',
  1009: 'The message is too large.',
};

const noop = () => {};

export class ThreadConnection {
  /** @type {ConnectionOptions & Required<Pick<ConnectionOptions, keyof typeof DEFAULTS>>} */
  #options;
  /** @type {any} */
  #ws = null;
  /** @type {ConnectionState} */
  #state;
  /** @type {Map<string, Entry>} */
  #runs = new Map();
  /** @type {Map<string, Set<(arg: any) => void>>} */
  #listeners = new Map();
  /** @type {EventTarget | null | undefined} */
  #network;
  /** @type {Document | undefined} */
  #document = globalThis.document;

  #attempt = 0;
  #restarted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @type {Pulse} */
  #pulse;

  /**
   * Opens the socket, unless close() is called in the same breath.
   *
   * @param {string} threadId
   * @param {ConnectionOptions} [options]
   */
  constructor(threadId, options = {}) {
    /** @readonly */
    this.threadId = threadId;
    this.#options = { ...DEFAULTS };

    for (const [name, value] of Object.entries(options)) {
      if (value !== undefined) {
        /** @type {any} */ (this.#options)[name] = value;
      }
    }

    this.#state = this.#snapshot('connecting');

    this.#pulse = new Pulse(this.#options.livenessMs, {
      awaited: (now) => this.#expire(now),
      unsent: () => this.#ws.bufferedAmount,
      ping: () => this.#command({ type: 'ping' }),
      silent: () => this.#drop('The server has gone silent.'),
    });

    this.#network = options.network !== undefined ? options.network
      : 'addEventListener' in globalThis ? globalThis : null;
    this.#network?.addEventListener('online', this.#wakeUp);
    this.#network?.addEventListener('offline', this.#wakeUp);
    this.#document?.addEventListener('visibilitychange', this.#wakeUp);

    queueMicrotask(() => this.#open());
  }

  /** @returns {ConnectionState} */
  get state() {
    return this.#state;
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
   * connection that has given up is tried again. Nothing is ever sent twice
   * by itself: when the connection drops, the run fails as retryable.
   *
   * @param {string} content
   * @param {SendOptions} [options]
   * @returns {Run}
   */
  send(content, { requestId = newRequestId(), signal, onToken } = {}) {
    const known = this.#runs.get(requestId);

    if (known && known.run.content === content) {
      this.#follow(known, signal, onToken);
      return known.run;
    }

    const { status, retryable, reason, code } = this.#state;
    const entry = createEntry(requestId, content,
      () => this.#cancel(entry));

    /** @param {string} message @param {object} detail */
    const refuse = (message, detail) => {
      entry.fail(new ThreadError(message, { requestId, ...detail }));
      return entry.run;
    };

    if (known) {
      return refuse('This requestId names another message.',
        { code: 'DUPLICATE_REQUEST' });
    }
    if (typeof content !== 'string' || !content || content.includes('\0')
      || !/^[!#-[\]-~ ]{1,128}$/.test(requestId)) {
      return refuse('The message is empty or not valid.',
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

    this.#runs.set(requestId, entry);
    this.#follow(entry, signal, onToken);

    if (status === 'connected') {
      this.#flush();

    } else if (status === 'disconnected') {
      this.retry();
    }

    return entry.run;
  }

  /**
   * @param {Entry} entry
   * @param {SendOptions['signal']} signal
   * @param {SendOptions['onToken']} onToken
   */
  #follow(entry, signal, onToken) {
    if (onToken) {
      entry.follow(onToken);
    }
    if (signal) {
      const abort = () => this.#cancel(entry);
      const forget = () => signal.removeEventListener('abort', abort);

      signal.addEventListener('abort', abort);
      entry.run.then(forget, forget);
      if (signal.aborted) {
        abort();
      }
    }
  }

  /**
   * Cancels the named run, or all of them. It ends when the server says so:
   * as CANCELLED, or with its answer if that was complete already.
   *
   * @param {string} [requestId]
   */
  cancel(requestId) {
    for (const [id, entry] of [...this.#runs]) {
      if (requestId === undefined || requestId === id) {
        this.#cancel(entry);
      }
    }
  }

  /** Tries now, from scratch. Does nothing where a socket is there already. */
  retry() {
    if (this.#ws || this.#state.status === 'closed') {
      return;
    }

    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#restarted = false;
    this.#open(this.#snapshot('connecting'));
  }

  /** Ends the connection for good; what is running is given up. */
  close() {
    if (this.#state.status === 'closed') {
      return;
    }

    this.#network?.removeEventListener('online', this.#wakeUp);
    this.#network?.removeEventListener('offline', this.#wakeUp);
    this.#document?.removeEventListener('visibilitychange', this.#wakeUp);

    clearTimeout(this.#timer);
    this.#discard(1000);
    this.#failAll(true, 'The connection is closed.', { code: 'CLOSED' });
    this.#set('closed');
  }

  /**
   * @param {Status} status
   * @param {Partial<ConnectionState>} [detail]
   * @returns {ConnectionState}
   */
  #snapshot(status, detail) {
    return Object.freeze({
      status,
      attempt: 0,
      maxAttempts: this.#options.backoff.length,
      delay: 0,
      retryAt: 0,
      retryable: false,
      ...detail,
    });
  }

  /** @param {Status} status @param {Partial<ConnectionState>} [detail] */
  #set(status, detail) {
    this.#enter(this.#snapshot(status, detail));
  }

  /** @param {ConnectionState} state */
  #enter(state) {
    this.#state = state;
    this.#emit('state', state);
  }

  /**
   * @template {keyof ConnectionEvents} K
   * @param {K} type
   * @param {ConnectionEvents[K]} arg
   */
  #emit(type, arg) {
    for (const listener of [...this.#listeners.get(type) ?? []]) {
      /* a listener has changed it meanwhile, and all were told of that */
      if (type === 'state' && arg !== this.#state) {
        return;
      }
      try {
        listener(arg);
      } catch (error) {
        /* its own fault, and nobody else's: told as uncaught */
        queueMicrotask(() => { throw error; });
      }
    }
  }

  #url() {
    const { url } = this.#options;
    const full = new URL(typeof url === 'function' ? url() : url,
      globalThis.location?.href);

    full.protocol = full.protocol.replace('http', 'ws');
    full.searchParams.set('threadId', this.threadId);

    return full;
  }

  /** @param {ConnectionState} [state] to be in, once there is a socket */
  #open(state) {
    if (this.#ws || this.#state.status === 'closed') {
      return;
    }

    let ws;

    try {
      const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
      ws = new WebSocket(this.#url(), offered(this.#options.protocols));
    } catch (error) {
      this.#giveUp(String(error), { retryable: false });
      return;
    }

    this.#ws = ws;
    this.#timer = setTimeout(() => this.#drop('The server does not answer.'),
      this.#options.connectTimeoutMs);

    ws.onerror = noop;

    ws.onopen = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settle(), STABLE_MS);
      this.#set('connected');

      /* unless a listener has closed it */
      if (this.#ws === ws) {
        this.#flush();
      }
    };

    /** @param {MessageEvent} event */
    ws.onmessage = (event) => this.#receive(event.data);

    /** @param {CloseEvent} event */
    ws.onclose = (event) => this.#lost(event.code, event.reason);

    if (state) {
      this.#enter(state);
    }
  }

  /* whatever an earlier drop has cost is forgiven */
  #settle() {
    this.#attempt = 0;
    this.#restarted = false;
  }

  /**
   * Lets go of the socket: nothing of it is heard any more.
   *
   * @param {number} [code]
   */
  #discard(code) {
    const ws = this.#ws;

    this.#ws = null;
    this.#pulse.stop();

    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      if (code) {
        ws.close(code);
      } else if (ws.terminate) {
        ws.terminate();
      } else {
        ws.close();
      }
    }
  }

  /** @param {string} reason */
  #drop(reason) {
    this.#discard();
    this.#lost(1006, reason);
  }

  /**
   * The socket is gone, by whatever cause.
   *
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    this.#ws = null;
    this.#pulse.stop();
    clearTimeout(this.#timer);

    if (ENDED[code]) {
      this.#giveUp(reason || ENDED[code], {
        code,
        /* a message that was too large is no reason to refuse the next */
        retryable: code === 1000 || code === 1009,
      });
      return;
    }

    const text = reason || (code === RESTART ? 'The server is restarting.'
      : 'The connection was lost.');
    const { backoff, jitter, restartSpreadMs } = this.#options;
    let delay;

    if (code === RESTART && !this.#restarted) {
      this.#restarted = true;
      delay = restartSpreadMs * Math.random();

    } else if (this.#attempt < backoff.length) {
      delay = backoff[this.#attempt++] * (1 - jitter * Math.random());

    } else {
      this.#giveUp(text, { code, retryable: true });
      return;
    }

    const attempt = this.#attempt;

    const detail = { attempt, code, reason: text, retryable: true };

    this.#timer = setTimeout(
      () => this.#open(this.#snapshot('reconnecting', detail)), delay);

    this.#failAll(false, text,
      { code: 'CONNECTION_LOST', retryable: true, closeCode: code });
    this.#set('reconnecting', {
      ...detail,
      delay: Math.round(delay),
      retryAt: Date.now() + Math.round(delay),
    });
  }

  /**
   * No further attempt until retry().
   *
   * @param {string} reason
   * @param {{code?: number, retryable: boolean}} detail
   */
  #giveUp(reason, { code, retryable }) {
    const ended = !retryable || ENDED[code ?? 0];

    clearTimeout(this.#timer);
    this.#failAll(true, reason, {
      code: ended ? 'CONNECTION_ENDED' : 'CONNECTION_LOST',
      retryable: retryable && code !== 1009,
      closeCode: code,
    });
    this.#set('disconnected', { code, reason, retryable });
  }

  /**
   * @param {boolean} all also those that were never sent
   * @param {string} message
   * @param {{code: string, retryable?: boolean, closeCode?: number}} detail
   */
  #failAll(all, message, detail) {
    for (const [requestId, entry] of [...this.#runs]) {
      if (all || entry.sent) {
        this.#runs.delete(requestId);
        entry.fail(new ThreadError(message, { requestId, ...detail }));
      }
    }
  }

  /** @param {object} command */
  #command(command) {
    this.#ws.send(JSON.stringify(command));
  }

  /** Sends what waits, in the order in which it came. */
  #flush() {
    for (const entry of this.#runs.values()) {
      /* what a socket that is closing takes goes nowhere */
      if (!entry.sent && this.#ws.readyState === 1) {
        this.#transmit(entry);
      }
      /* also for what waits until such a socket is gone */
      this.#pulse.start();
    }
  }

  /** @param {Entry} entry */
  #transmit(entry) {
    const { requestId, content } = entry.run;

    entry.sent = true;
    entry.heard = performance.now() + content.length / SLOWEST;

    this.#command({
      type: 'message',
      requestId,
      threadId: this.threadId,
      /* a lone surrogate is no text, and would be refused */
      content: /** @type {any} */ (content).toWellFormed?.() ?? content,
    });
  }

  /** @param {Entry} entry */
  #cancel(entry) {
    const { requestId } = entry.run;

    if (this.#runs.get(requestId) !== entry || entry.cancelled) {
      return;
    }

    entry.cancelled = true;

    if (entry.sent) {
      this.#command({ type: 'cancel', requestId });
      return;
    }

    this.#runs.delete(requestId);
    entry.fail(new ThreadError('Cancelled.',
      { code: 'CANCELLED', retryable: true, requestId }));
  }

  /** @param {unknown} data */
  #receive(data) {
    /* whatever it is, it is a sign of life */
    this.#pulse.alive();
    this.#settle();

    /** @type {any} */
    let event;

    try {
      event = JSON.parse(/** @type {string} */ (data));
    } catch {
      /* told below */
    }

    if (!event || typeof event.type !== 'string') {
      this.#emit('warning', { message: 'not an event', data });
      return;
    }

    const { type, requestId } = event;
    const entry = this.#runs.get(requestId);

    if (entry) {
      entry.heard = performance.now();

      if (type === 'token') {
        const delta = String(event.value);

        /* what comes next may be all of it at once */
        entry.size += delta.length;
        entry.heard += entry.size / SLOWEST;

        /* who has cancelled wants no more of it */
        if (!entry.cancelled) {
          entry.push(delta);
        }

      } else if (type === 'final') {
        this.#runs.delete(requestId);
        entry.end(event);

      } else if (type === 'cancelled') {
        this.#runs.delete(requestId);
        entry.fail(new ThreadError('Cancelled.',
          { code: 'CANCELLED', retryable: true, requestId }));

      } else if (type === 'error') {
        this.#runs.delete(requestId);
        entry.fail(new ThreadError(event.message, event));
      }

    } else if (type !== 'pong') {
      this.#emit('warning', {
        message: requestId ? 'no such run' : 'belongs to no run',
        data: event,
      });
    }

    this.#emit('event', event);
  }

  /**
   * Fails the runs that have waited for too long.
   *
   * @param {number} now as performance.now() counts
   * @returns {number} when one of the others was last heard of, or can be at
   *   the latest while something large is on its way; 0 where none is left
   */
  #expire(now) {
    const { answerTimeoutMs } = this.#options;

    for (const [requestId, entry] of [...this.#runs]) {
      if (answerTimeoutMs && now - entry.heard > answerTimeoutMs) {
        this.#cancel(entry);
        this.#runs.delete(requestId);
        entry.fail(new ThreadError('No answer came in time.',
          { code: 'TIMEOUT', retryable: true, requestId }));
      }
    }

    return Math.max(0, ...[...this.#runs.values()].map(({ heard }) => heard));
  }

  /* the network or the page has come or gone: see what that has changed */
  #wakeUp = (/** @type {Event} */ event) => {
    const { status, retryAt, retryable, code } = this.#state;

    if (event.type === 'visibilitychange' && this.#document?.hidden) {
      return;
    }

    if (status === 'connected') {
      this.#pulse.start(true);

    } else if (event.type === 'online') {
      if (status === 'reconnecting' && retryAt) {
        clearTimeout(this.#timer);
        this.#open(this.#snapshot(status, { ...this.#state, delay: 0, retryAt: 0 }));

      } else if (status === 'disconnected' && retryable && !ENDED[code ?? 0]) {
        this.retry();
      }
    }
  };
}
