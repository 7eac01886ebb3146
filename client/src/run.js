/**
 * One run of a thread: what send() returns, and the hold that the connection
 * has on it.
 *
 * @module
 */

/**
 * @typedef {import('./types.js').Entry} Entry
 * @typedef {import('./types.js').ErrorCode} ErrorCode
 * @typedef {import('./types.js').FinalEvent} FinalEvent
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').RunListeners} RunListeners
 */

export const noop = () => {};

/** Why a run failed. */
export class ThreadError extends Error {
  /**
   * @param {string} message
   * @param {{code?: ErrorCode, retryable?: boolean, requestId?: string, retryAfterMs?: number, closeCode?: number, kept?: boolean}} detail
   */
  constructor(message, { code, retryable, requestId, retryAfterMs, closeCode, kept }) {
    super(message);
    /* what fetch() and streams call a cancelled operation */
    this.name = code === 'CANCELLED' ? 'AbortError' : 'ThreadError';
    /** @type {ErrorCode} the server's, or the client's own */
    this.code = code ?? 'ERROR';
    /** whether sending again, with the same requestId, can help */
    this.retryable = !!retryable;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
    this.closeCode = closeCode;
    /** what had come of the answer is in the thread's history */
    this.kept = !!kept;
    /** @type {string} what had come of the answer */
    this.partial = '';
  }
}

/**
 * A UUID. The browser's own function is absent on pages that came by plain
 * http from another machine.
 *
 * @returns {string}
 */
export function newRequestId() {
  /* all digits but the version's are chance's; of 8 the upper half stays */
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (+digit ^ crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> +digit / 4)).toString(16));
}

/**
 * Calls what the application has handed in. What that throws is its own fault,
 * and nobody else's: told as uncaught.
 *
 * @param {((...args: any[]) => void) | undefined} listener
 * @param {...any} args
 */
export function call(listener, ...args) {
  try {
    listener?.(...args);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

/**
 * @param {Message} message
 * @param {() => void} cancel
 * @param {boolean} own begun by this connection
 * @param {Entry['retries']} retries
 * @returns {Entry}
 */
export function createEntry(message, cancel, own, retries) {
  const { requestId } = message;
  /** @type {string[]} */
  let deltas = [];
  let text = '';
  /* of the text, what has been said again while it is being said again */
  let at = 0;
  /* which telling of the answer this is */
  let telling = 0;
  /** @type {RunListeners[]} */
  const followers = [];
  let over = false;
  /** @type {((value?: any) => void)[]} */
  let waiting = [];

  const notify = () => {
    waiting.forEach((wake) => wake());
    waiting = [];
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
  const run = Object.defineProperty(Object.assign(promise, {
    ...message,
    cancel,
    own,
    text,
    async *[Symbol.asyncIterator]() {
      let left = true;
      let heard = telling;

      try {
        for (let i = 0; ; ) {
          if (heard !== telling) {
            heard = telling;
            if (i && !over) {
              left = false;
              throw new ThreadError('The answer begins anew.',
                { code: 'RESET', retryable: true, requestId });
            }
            i = 0;
          }
          if (i < deltas.length) {
            yield deltas[i++];
          } else if (over) {
            left = false;
            await promise;
            return;
          } else {
            await new Promise((wake) => { waiting.push(wake); });
          }
        }
      } finally {
        /* who leaves it wants no more of it */
        if (left) {
          cancel();
        }
      }
    },
  }), 'text', { get: () => text });

  /** @type {Entry} */
  const entry = {
    run,
    message,
    own,
    retries,
    sent: false,
    begun: false,
    cancelled: false,
    tries: 0,
    heard: performance.now(),
    size: 0,
    listen(listeners) {
      /* who comes late gets it all */
      deltas.forEach((delta) => call(listeners.onToken, delta, run));
      followers.push(listeners);
    },
    push(delta) {
      if (at < text.length) {
        const known = text.slice(at, at + delta.length);

        if (delta.startsWith(known)) {
          at += known.length;
          delta = delta.slice(known.length);
        } else {
          /* another answer than before, with the same beginning */
          delta = text.slice(0, at) + delta;
          entry.reset();
        }
        if (!delta) {
          return;
        }
      }

      const told = [...followers];

      text += delta;
      at = text.length;

      /* who has cancelled wants no more of it, but may want to know what is kept */
      if (!entry.cancelled) {
        deltas.push(delta);
        notify();
        told.forEach(({ onToken }) => call(onToken, delta, run));
      }
    },
    again() {
      at = 0;
      entry.position = undefined;
    },
    reset() {
      if (text) {
        telling++;
        deltas = [];
        text = '';
        notify();
        [...followers].forEach(({ onReset }) => call(onReset, run));
      }
      entry.again();
    },
    end(event) {
      const { message: whole } = event;

      if (typeof whole === 'string' && whole !== text && !entry.cancelled) {
        /* what the server keeps is what was answered */
        if (!whole.startsWith(text)) {
          entry.reset();
        }
        at = text.length;
        entry.push(whole.slice(at));
      }
      over = true;
      resolve(event);
      notify();
    },
    fail(error) {
      /* nothing of a partial answer remains */
      error.partial = text;
      deltas = [];
      text = '';
      over = true;
      clearTimeout(entry.waiting);
      reject(error);
      notify();
    },
  };

  return entry;
}
