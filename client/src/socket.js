/**
 * The life of a thread's socket: one at a time, opened, lost and brought back.
 * What is said over it is not known here.
 *
 * @module
 */

import { createPulse } from './pulse.js';
import { askWhy } from './refused.js';
import { noop } from './run.js';

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

/**
 * @param {ConnectionOptions} options
 * @param {Host} host
 */
export function createSocket({
  url = '/api/chat/ws',
  protocols,
  backoff = [1000, 2000, 4000],
  retryEveryMs = 10000,
  jitter = 0,
  restartSpreadMs = 500,
  livenessMs = 2000,
  connectTimeoutMs = 4000,
  WebSocket = globalThis.WebSocket,
  network: signs = globalThis,
  fetch = globalThis.fetch,
}, host) {
  const { document, location } = globalThis;
  /** @type {any} */
  const network = signs;
  /** @type {any} */
  let ws = null;
  /** the address is being asked for: an identity of this attempt's
   *  @type {object | null} */
  let asking = null;
  let attempt = 0;
  let restarted = false;
  /** what came in a handshake's place, as far as it is known; another object
   *  for each time that it is asked for
   *  @type {{httpStatus?: number, reason?: string}} */
  let refusal = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ConnectionState} */
  let state = snapshot('connecting');

  const pulse = createPulse(livenessMs, {
    awaited: host.awaited,
    unsent: () => ws.bufferedAmount,
    ping: () => send({ type: 'ping' }),
    silent: () => drop('The server has gone silent.'),
  });

  listen('addEventListener');
  queueMicrotask(() => open());

  /**
   * @param {object} command
   */
  function send(command) {
    /* a lone surrogate is no text, and would be refused */
    const text = JSON.stringify(command, (_, value) => value?.toWellFormed?.() ?? value);

    ws.send(text);
    return text.length;
  }

  /** Something is awaited: see to it that the server is there. */
  function watch() {
    if (state.status === 'connected') {
      pulse.start();
    }
  }

  /** Tries now, from scratch; a connection that is there is asked whether it is. */
  function retry() {
    const { status } = state;

    if (status === 'connected') {
      pulse.start(true);

    } else if (!ws && !asking && status !== 'closed') {
      clearTimeout(timer);
      settle();
      open(snapshot('connecting'), true);
    }
  }

  /** Leaves a server that is going, as if it had said so by 1012. */
  function leave() {
    discard(1000);
    lost(RESTART, '');
  }

  function close() {
    listen('removeEventListener');
    clearTimeout(timer);
    discard(1000);
    host.lost({ all: true, message: 'The connection is closed.', code: 'CLOSED' });
    enter(snapshot('closed'));
  }

  /* whatever an earlier drop has cost is forgiven */
  function settle() {
    attempt = 0;
    restarted = false;
  }

  /** @param {'addEventListener' | 'removeEventListener'} how */
  function listen(how) {
    SIGNS.forEach((type) => network?.[how]?.(type, wakeUp));
    document?.[how]('visibilitychange', wakeUp);
  }

  const isOffline = () => network?.navigator?.onLine === false;

  /**
   * @param {Status} status
   * @param {Partial<ConnectionState>} [detail]
   * @returns {ConnectionState}
   */
  function snapshot(status, detail) {
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

  /** @param {ConnectionState} next */
  function enter(next) {
    state = next;
    host.entered(state);
  }

  /**
   * @param {ConnectionState} [next] to be in, once there is a socket
   * @param {boolean} [forced] also where there is no network, as it seems
   */
  function open(next, forced) {
    if (ws || asking || state.status === 'closed') {
      return;
    }
    if (isOffline() && !forced) {
      wait(0);
      return;
    }

    const it = asking = {};
    /** @param {any[]} both */
    const given = (both) => asking === it && connect(both[0], both[1]);
    /** @param {any} error */
    const failed = (error) => {
      if (asking === it) {
        lost(1006, String(error?.message || error), error?.retryable === false);
      }
    };
    let both;

    timer = setTimeout(() => drop('The server does not answer.'), connectTimeoutMs);

    try {
      both = [url, protocols].map((ask) => (typeof ask === 'function' ? ask() : ask));
    } catch (error) {
      failed(error);
      return;
    }

    if (both.some((one) => typeof (/** @type {any} */ (one))?.then === 'function')) {
      Promise.all(both).then(given, failed);
    } else if (!given(both)) {
      return;
    }

    if (next) {
      enter(next);
    }
  }

  /**
   * @param {string | URL} address
   * @param {string | string[] | undefined} names
   * @returns {boolean} whether there is a socket
   */
  function connect(address, names) {
    /** @type {any} */
    let opening;
    /** @type {URL} */
    let full;

    asking = null;

    try {
      full = new URL(address, location?.href);
      full.protocol = full.protocol.replace('http', 'ws');
      host.address(full);
      opening = new WebSocket(full, offered(names));
    } catch (error) {
      giveUp(String(error), { retryable: false });
      return false;
    }

    ws = opening;
    ws.onerror = noop;

    let opened = false;

    ws.onopen = () => {
      opened = true;
      refusal = {};
      clearTimeout(timer);
      timer = setTimeout(settle, STABLE_MS);

      /* what was sent by an earlier socket is looked after before anybody else
         hears of this one, and sends something by it */
      state = snapshot('connected');
      host.opened(ws.protocol);
      host.entered(state);
    };

    /** @param {MessageEvent} event */
    ws.onmessage = (event) => {
      /* whatever it is, it is a sign of life */
      pulse.alive();
      settle();
      host.heard(event.data);
    };

    /** @param {CloseEvent} event */
    ws.onclose = (event) => {
      lost(event.code, event.reason);
      if (!opened) {
        look(full);
      }
    };

    return true;
  }

  /**
   * Asks why a handshake has failed, and says so.
   *
   * @param {URL} address
   */
  async function look(address) {
    const before = state;

    if (!fetch || before.status === 'closed' || isOffline()) {
      return;
    }

    const known = refusal;

    try {
      const answer = await askWhy(address, fetch, connectTimeoutMs);

      if (refusal === known) {
        refusal = answer;
        if (state === before) {
          enter(snapshot(state.status, { ...state, ...refusal }));
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
  function discard(code) {
    const old = ws;

    forget();

    if (old) {
      old.onopen = old.onmessage = old.onclose = null;
      if (!code && old.terminate) {
        old.terminate();
      } else {
        old.close(code);
      }
    }
  }

  function forget() {
    ws = asking = null;
    pulse.stop();
  }

  /** @param {string} reason */
  function drop(reason) {
    discard();
    lost(1006, reason);
  }

  /**
   * The socket is gone, by whatever cause.
   *
   * @param {number} code
   * @param {string} reason
   * @param {boolean} [hopeless] no further attempt will do
   */
  function lost(code, reason, hopeless) {
    forget();
    clearTimeout(timer);

    if (ENDED[code] || hopeless) {
      giveUp(reason || ENDED[code], {
        code,
        /* a message that was too large is no reason to refuse the next */
        retryable: code === 1000 || code === 1009,
      });
      return;
    }

    const { httpStatus } = refusal;
    const text = refusal.reason || reason
      || (code === RESTART ? 'The server is restarting.' : 'The connection was lost.');
    const known = { code, reason: text, retryable: true, httpStatus };
    let delay;

    if (code === RESTART && !restarted) {
      restarted = true;
      delay = restartSpreadMs * Math.random();

    } else if (isOffline()) {
      delay = 0;

    } else if (attempt < backoff.length
      || (retryEveryMs && !REFUSALS.includes(httpStatus))) {
      delay = (backoff[attempt++] ?? retryEveryMs) * (1 - jitter * Math.random());

    } else {
      giveUp(text, known);
      return;
    }

    host.lost({ message: text, code: 'CONNECTION_LOST', retryable: true, closeCode: code });
    wait(Math.round(delay), known);
  }

  /**
   * Until the next attempt; without a network, until there is one.
   *
   * @param {number} delay
   * @param {Partial<ConnectionState>} [known]
   */
  function wait(delay, known) {
    const offline = isOffline();
    const detail = {
      attempt, retryable: true, ...known,
      ...offline && { offline, reason: 'There is no network.' },
    };

    clearTimeout(timer);
    if (!offline) {
      timer = setTimeout(() => open(snapshot('reconnecting', detail)), delay);
    }
    enter(snapshot('reconnecting',
      { ...detail, ...!offline && { delay, retryAt: Date.now() + delay } }));
  }

  /**
   * No further attempt until retry().
   *
   * @param {string} reason
   * @param {Partial<ConnectionState> & {retryable: boolean}} detail
   */
  function giveUp(reason, { code, retryable, httpStatus }) {
    const ended = !retryable || ENDED[code ?? 0];

    clearTimeout(timer);
    host.lost({
      all: true,
      message: reason,
      code: ended ? 'CONNECTION_ENDED' : 'CONNECTION_LOST',
      retryable: retryable && code !== 1009,
      closeCode: code,
    });
    enter(snapshot('disconnected', { code, reason, retryable, httpStatus }));
  }

  /* the network or the page has come or gone: see what that has changed */
  function wakeUp(/** @type {Event} */ event) {
    const { status, retryable, code, httpStatus } = state;

    if (event.type === 'visibilitychange' && document?.hidden) {
      return;
    }

    if (status === 'connected') {
      pulse.start(true);

    } else if (event.type !== 'offline' && !isOffline()) {
      if (status === 'reconnecting' && !ws && !asking) {
        clearTimeout(timer);
        open(snapshot(status,
          { ...state, offline: undefined, delay: 0, retryAt: 0 }));

      } else if (status === 'disconnected' && retryable && !ENDED[code ?? 0]
        && (event.type === 'online' || httpStatus)) {
        retry();
      }
    }
  }

  return {
    get state() {
      return state;
    },
    /** Whether what is sent now goes out. */
    get ready() {
      return state.status === 'connected' && ws?.readyState === 1;
    },
    send,
    watch,
    retry,
    leave,
    close,
  };
}

/** @typedef {ReturnType<typeof createSocket>} ThreadSocket */
