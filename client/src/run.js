/**
 * One run of a thread: what send() returns, and the hold that the connection
 * has on it.
 *
 * @module
 */

/**
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').Entry} Entry
 * @typedef {import('./types.js').FinalEvent} FinalEvent
 * @typedef {NonNullable<import('./types.js').SendOptions['onToken']>} OnToken
 */

const noop = () => {};

/**
 * Why a run failed. `code` is the server's, or one of `CANCELLED`,
 * `CONNECTION_LOST`, `CONNECTION_ENDED`, `CLOSED`, `TIMEOUT` and
 * `INVALID_MESSAGE`.
 */
export class ThreadError extends Error {
  /**
   * @param {string} message
   * @param {{code?: string, retryable?: boolean, requestId?: string, retryAfterMs?: number, closeCode?: number}} detail
   */
  constructor(message, { code, retryable, requestId, retryAfterMs, closeCode }) {
    super(message);
    /* what fetch() and streams call a cancelled operation */
    this.name = code === 'CANCELLED' ? 'AbortError' : 'ThreadError';
    this.code = code ?? 'ERROR';
    /** whether sending again, with the same requestId, can help */
    this.retryable = !!retryable;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
    this.closeCode = closeCode;
  }
}

/**
 * A UUID. The browser's own function is absent on pages that came by plain
 * http from another machine.
 *
 * @returns {string}
 */
export function newRequestId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }

  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;

  return Array.from(bytes, (b, i) =>
    ([4, 6, 8, 10].includes(i) ? '-' : '') + b.toString(16).padStart(2, '0')
  ).join('');
}

/**
 * @param {string} requestId
 * @param {string} content
 * @param {() => void} cancel
 * @returns {Entry}
 */
export function createEntry(requestId, content, cancel) {
  /** @type {string[]} */
  let deltas = [];
  /** @type {OnToken[]} */
  const followers = [];
  let over = false;
  /** @type {() => void} */
  let wake = noop;
  let changed = new Promise((resolve) => { wake = () => resolve(0); });

  const notify = () => {
    wake();
    changed = new Promise((resolve) => { wake = () => resolve(0); });
  };

  /** @type {(event: FinalEvent) => void} */
  let resolve = noop;
  /** @type {(error: ThreadError) => void} */
  let reject = noop;

  /** @type {Promise<FinalEvent>} */
  const promise = new Promise((res, rej) => { resolve = res; reject = rej; });

  /* who only iterates sees the failure there */
  promise.catch(noop);

  /** @type {Run} */
  const run = Object.assign(promise, {
    requestId,
    content,
    cancel,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; ; ) {
        while (i < deltas.length) {
          yield deltas[i++];
        }
        if (over) {
          await promise;
          return;
        }
        await changed;
      }
    },
  });

  return {
    run,
    sent: false,
    cancelled: false,
    heard: performance.now(),
    size: 0,
    follow(onToken) {
      /* who comes late gets it all */
      deltas.forEach((delta) => onToken(delta, run));
      followers.push(onToken);
    },
    push(delta) {
      const told = [...followers];

      deltas.push(delta);
      notify();
      told.forEach((onToken) => onToken(delta, run));
    },
    end(event) {
      over = true;
      resolve(event);
      notify();
    },
    fail(error) {
      /* nothing of a partial answer remains */
      deltas = [];
      over = true;
      reject(error);
      notify();
    },
  };
}
