/**
 * The life of a thread's socket: one at a time, opened, lost and brought back.
 * What is said over it is not known here.
 *
 * @module
 */

import { Pulse } from './pulse.js';
import { askWhy } from './refused.js';

/**
 * @typedef {import('./types.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./types.js').ConnectionState} ConnectionState
 * @typedef {import('./types.js').Loss} Loss
 * @typedef {import('./types.js').Status} Status
 */

/**
 * @typedef {object} Host what rides on the socket
 * @property {(url: URL) => void} address names the thread in the url
 * @property {(state: ConnectionState) => void} entered
 * @property {(protocol: string) => void} opened
 * @property {(data: unknown) => void} heard
 * @property {(loss: Loss) => void} lost
 * @property {(now: number) => number} awaited as the pulse's
 */

const DEFAULTS = {
  url: '/api/chat/ws',
  backoff: [1000, 2000, 4000],
  retryEveryMs: 10000,
  jitter: 0,
  restartSpreadMs: 500,
  livenessMs: 2000,
  connectTimeoutMs: 4000,
};

/* a socket that stayed open for so long, in ms, has come back for good */
const STABLE_MS = 5000;

const RESTART = 1012;

/** who is not let in, whenever it is tried
 *  @type {(number | undefined)[]} */
const REFUSALS = [401, 403, 404];

const ENDING = 'The server has ended the connection.';

/* after these the server would only refuse again, or is done: who wants the
   connection back has to say so */
/** @type {Record<number, string>} */
const ENDED = {
  1000: ENDING,
  1002: ENDING,
  1003: ENDING,
  1007: ENDING,
  1008: 'The server refuses this thread.',
  1009: 'The message is too large.',
};

/* what tells that the network or the page has come or gone */
const SIGNS = ['online', 'offline', 'focus', 'pageshow'];

const noop = () => {};

/**
 * The subprotocols to offer: by the newer one the client says that it knows of
 * runs which it did not begin, and of a model that is silent and at work.
 *
 * @param {string | string[]} [protocols] the application's
 */
const offered = (protocols) => {
  const names = [protocols ?? 'thread-ws'].flat();

  return names.includes('thread-ws') && !names.includes('thread-ws.v2')
    ? ['thread-ws.v2', ...names] : names;
};

export class ThreadSocket {
  /** @type {ConnectionOptions & Required<Pick<ConnectionOptions, keyof typeof DEFAULTS>>} */
  #options;
  #host;
  /** @type {any} */
  #ws = null;
  /** the address is being asked for: an identity of this attempt's
   *  @type {object | null} */
  #asking = null;
  /** @type {ConnectionState} */
  #state;
  /** @type {any} */
  #network;
  /** @type {Document | undefined} */
  #document = globalThis.document;

  #attempt = 0;
  #restarted = false;
  /** what came in a handshake's place, as far as it is known; another object
   *  for each time that it is asked for
   *  @type {{httpStatus?: number, reason?: string}} */
  #refusal = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Pulse} */
  #pulse;

  /**
   * @param {ConnectionOptions} options
   * @param {Host} host
   */
  constructor(options, host) {
    this.#host = host;
    this.#options = {
      ...DEFAULTS,
      ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    };

    this.#state = this.#snapshot('connecting');

    this.#pulse = new Pulse(this.#options.livenessMs, {
      awaited: host.awaited,
      unsent: () => this.#ws.bufferedAmount,
      ping: () => this.send({ type: 'ping' }),
      silent: () => this.#drop('The server has gone silent.'),
    });

    this.#network = options.network !== undefined ? options.network
      : 'addEventListener' in globalThis ? globalThis : null;

    this.#listen('addEventListener');
    queueMicrotask(() => this.#open());
  }

  get state() {
    return this.#state;
  }

  /** Whether what is sent now goes out. */
  get ready() {
    return this.#state.status === 'connected' && this.#ws?.readyState === 1;
  }

  /**
   * @param {object} command
   */
  send(command) {
    this.#ws.send(JSON.stringify(command));
  }

  /** Something is awaited: see to it that the server is there. */
  watch() {
    if (this.#state.status === 'connected') {
      this.#pulse.start();
    }
  }

  /** Tries now, from scratch; a connection that is there is asked whether it is. */
  retry() {
    const { status } = this.#state;

    if (status === 'connected') {
      this.#pulse.start(true);

    } else if (!this.#ws && !this.#asking && status !== 'closed') {
      clearTimeout(this.#timer);
      this.settle();
      this.#open(this.#snapshot('connecting'), true);
    }
  }

  /** Leaves a server that is going, as if it had said so by 1012. */
  leave() {
    this.#discard(1000);
    this.#lost(RESTART, '');
  }

  close() {
    this.#listen('removeEventListener');
    clearTimeout(this.#timer);
    this.#discard(1000);
    this.#host.lost({ all: true, message: 'The connection is closed.', code: 'CLOSED' });
    this.#enter(this.#snapshot('closed'));
  }

  /* whatever an earlier drop has cost is forgiven */
  settle() {
    this.#attempt = 0;
    this.#restarted = false;
  }

  /** @param {'addEventListener' | 'removeEventListener'} how */
  #listen(how) {
    SIGNS.forEach((type) => this.#network?.[how](type, this.#wakeUp));
    this.#document?.[how]('visibilitychange', this.#wakeUp);
  }

  get #offline() {
    return this.#network?.navigator?.onLine === false;
  }

  /**
   * @param {Status} status
   * @param {Partial<ConnectionState>} [detail]
   * @returns {ConnectionState}
   */
  #snapshot(status, detail) {
    const { backoff, retryEveryMs } = this.#options;

    return Object.freeze({
      status,
      attempt: 0,
      maxAttempts: retryEveryMs ? Infinity : backoff.length,
      delay: 0,
      retryAt: 0,
      retryable: false,
      ...detail,
    });
  }

  /** @param {ConnectionState} state */
  #enter(state) {
    this.#state = state;
    this.#host.entered(state);
  }

  /**
   * @param {ConnectionState} [state] to be in, once there is a socket
   * @param {boolean} [forced] also where there is no network, as it seems
   */
  #open(state, forced) {
    if (this.#ws || this.#asking || this.#state.status === 'closed') {
      return;
    }
    if (this.#offline && !forced) {
      this.#wait(0);
      return;
    }

    const asking = this.#asking = {};
    /** @param {any[]} given */
    const connect = (given) => this.#asking === asking && this.#connect(given[0], given[1]);
    /** @param {any} error */
    const failed = (error) => {
      if (this.#asking === asking) {
        this.#lost(1006, String(error?.message || error), error?.retryable === false);
      }
    };
    let given;

    this.#timer = setTimeout(() => this.#drop('The server does not answer.'),
      this.#options.connectTimeoutMs);

    try {
      given = [this.#options.url, this.#options.protocols]
        .map((it) => (typeof it === 'function' ? it() : it));
    } catch (error) {
      failed(error);
      return;
    }

    if (given.some((it) => typeof (/** @type {any} */ (it))?.then === 'function')) {
      Promise.all(given).then(connect, failed);
    } else if (!connect(given)) {
      return;
    }

    if (state) {
      this.#enter(state);
    }
  }

  /**
   * @param {string | URL} url
   * @param {string | string[] | undefined} protocols
   * @returns {boolean} whether there is a socket
   */
  #connect(url, protocols) {
    let ws;
    /** @type {URL} */
    let full;

    this.#asking = null;

    try {
      const WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;

      full = new URL(url, globalThis.location?.href);
      full.protocol = full.protocol.replace('http', 'ws');
      this.#host.address(full);
      ws = new WebSocket(full, offered(protocols));
    } catch (error) {
      this.#giveUp(String(error), { retryable: false });
      return false;
    }

    this.#ws = ws;
    ws.onerror = noop;

    let opened = false;

    ws.onopen = () => {
      opened = true;
      this.#refusal = {};
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.settle(), STABLE_MS);

      /* what was sent by an earlier socket is looked after before anybody else
         hears of this one, and sends something by it */
      this.#state = this.#snapshot('connected');
      this.#host.opened(ws.protocol);
      this.#host.entered(this.#state);
    };

    /** @param {MessageEvent} event */
    ws.onmessage = (event) => {
      /* whatever it is, it is a sign of life */
      this.#pulse.alive();
      this.settle();
      this.#host.heard(event.data);
    };

    /** @param {CloseEvent} event */
    ws.onclose = (event) => {
      this.#lost(event.code, event.reason);
      if (!opened) {
        this.#look(full);
      }
    };

    return true;
  }

  /**
   * Asks why a handshake has failed, and says so.
   *
   * @param {URL} address
   */
  async #look(address) {
    const { fetch = globalThis.fetch, connectTimeoutMs } = this.#options;
    const state = this.#state;

    if (!fetch || state.status === 'closed' || this.#offline) {
      return;
    }

    const before = this.#refusal;

    try {
      const refusal = await askWhy(address, fetch, connectTimeoutMs);

      if (this.#refusal === before) {
        this.#refusal = refusal;
        if (this.#state === state) {
          this.#enter(Object.freeze({ ...state, ...refusal }));
        }
      }
    } catch {
      /* nothing is known, then */
    }
  }

  /**
   * Lets go of the socket: nothing of it is heard any more.
   *
   * @param {number} [code]
   */
  #discard(code) {
    const ws = this.#ws;

    this.#forget();

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

  #forget() {
    this.#ws = this.#asking = null;
    this.#pulse.stop();
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
   * @param {boolean} [hopeless] no further attempt will do
   */
  #lost(code, reason, hopeless) {
    this.#forget();
    clearTimeout(this.#timer);

    if (ENDED[code] || hopeless) {
      this.#giveUp(reason || ENDED[code], {
        code,
        /* a message that was too large is no reason to refuse the next */
        retryable: code === 1000 || code === 1009,
      });
      return;
    }

    const { backoff, retryEveryMs, jitter, restartSpreadMs } = this.#options;
    const { httpStatus } = this.#refusal;
    const text = this.#refusal.reason || reason
      || (code === RESTART ? 'The server is restarting.' : 'The connection was lost.');
    const known = { code, reason: text, retryable: true, httpStatus };
    let delay;

    if (code === RESTART && !this.#restarted) {
      this.#restarted = true;
      delay = restartSpreadMs * Math.random();

    } else if (this.#offline) {
      delay = 0;

    } else if (this.#attempt < backoff.length
      || (retryEveryMs && !REFUSALS.includes(httpStatus))) {
      delay = (backoff[this.#attempt++] ?? retryEveryMs) * (1 - jitter * Math.random());

    } else {
      this.#giveUp(text, known);
      return;
    }

    this.#host.lost({ message: text, code: 'CONNECTION_LOST', retryable: true, closeCode: code });
    this.#wait(Math.round(delay), known);
  }

  /**
   * Until the next attempt; without a network, until there is one.
   *
   * @param {number} delay
   * @param {Partial<ConnectionState>} [known]
   */
  #wait(delay, known) {
    const offline = this.#offline;
    const detail = {
      attempt: this.#attempt, retryable: true, ...known,
      ...offline && { offline, reason: 'There is no network.' },
    };

    clearTimeout(this.#timer);
    if (!offline) {
      this.#timer = setTimeout(() => this.#open(this.#snapshot('reconnecting', detail)), delay);
    }
    this.#enter(this.#snapshot('reconnecting',
      { ...detail, ...!offline && { delay, retryAt: Date.now() + delay } }));
  }

  /**
   * No further attempt until retry().
   *
   * @param {string} reason
   * @param {Partial<ConnectionState> & {retryable: boolean}} detail
   */
  #giveUp(reason, { code, retryable, httpStatus }) {
    const ended = !retryable || ENDED[code ?? 0];

    clearTimeout(this.#timer);
    this.#host.lost({
      all: true,
      message: reason,
      code: ended ? 'CONNECTION_ENDED' : 'CONNECTION_LOST',
      retryable: retryable && code !== 1009,
      closeCode: code,
    });
    this.#enter(this.#snapshot('disconnected', { code, reason, retryable, httpStatus }));
  }

  /* the network or the page has come or gone: see what that has changed */
  #wakeUp = (/** @type {Event} */ event) => {
    const { status, retryable, code, httpStatus } = this.#state;

    if (event.type === 'visibilitychange' && this.#document?.hidden) {
      return;
    }

    if (status === 'connected') {
      this.#pulse.start(true);

    } else if (event.type !== 'offline' && !this.#offline) {
      if (status === 'reconnecting' && !this.#ws && !this.#asking) {
        clearTimeout(this.#timer);
        this.#open(this.#snapshot(status,
          { ...this.#state, offline: undefined, delay: 0, retryAt: 0 }));

      } else if (status === 'disconnected' && retryable && !ENDED[code ?? 0]
        && (event.type === 'online' || httpStatus)) {
        this.retry();
      }
    }
  };
}
