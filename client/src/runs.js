/**
 * The runs of a thread that are under way: which event belongs to which, what
 * becomes of them when the socket goes, and which of them are sent again.
 *
 * On a server that lets its runs be followed they outlive the socket: the next
 * one asks for each by its name, and is told the rest. Elsewhere they end with
 * it.
 *
 * @module
 */

import { ThreadError, createEntry, noop } from './run.js';

/**
 * @typedef {import('./types.js').Entry} Entry
 * @typedef {import('./types.js').ErrorCode} ErrorCode
 * @typedef {import('./types.js').Loss} Loss
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').SendOptions} SendOptions
 */

/**
 * @typedef {object} Line what runs need of the connection
 * @property {string} threadId
 * @property {import('./socket.js').ThreadSocket} socket
 * @property {number} answerTimeoutMs
 * @property {boolean | undefined} resume
 * @property {(run: Run) => void} begun elsewhere
 * @property {(message: string, data: unknown) => void} warn
 */

/* the slowest line that is reckoned with, in characters per ms: what is large
   is on its way for a while, and nothing else can be heard before it is there */
const SLOWEST = 50;

const ENDS = ['final', 'error', 'cancelled'];

/* these refuse a run before it begins, or say where its answer is */
const REFUSED = ['SHUTTING_DOWN', 'BUSY', 'RATE_LIMITED', 'SUPERSEDED'];

/* by these it ends without the agent's doing */
const LOST = ['SHUTTING_DOWN', 'RUN_LOST', 'CONNECTION_LOST'];

export const OTHER = 'This requestId names another message.';

/** @type {[string, {code: ErrorCode, retryable: boolean}]} */
const LOSS = ['The connection was lost.', { code: 'CONNECTION_LOST', retryable: true }];

/**
 * How often, and how late, in ms, a run is sent again.
 *
 * @param {SendOptions['retries']} [retries]
 */
const policy = (retries = {}) => ({
  times: 5,
  withinMs: 60000,
  begun: false,
  ...typeof retries === 'object' ? retries : { times: +retries, begun: true },
});

/** @param {Line} line */
export function createRuns({ threadId, socket, answerTimeoutMs, resume, begun, warn }) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  /** whether the server lets runs be followed; unknown before it has said
   *  @type {boolean | undefined} */
  let resumes = resume === false ? false : undefined;
  /** what is asked for by follow, one after another: an answer of idle does not
   *  name what it is about @type {(Entry | undefined)[]} */
  let asked = [];
  /** runs that have ended while they were asked for, and are told once more
   *  @type {Set<string>} */
  const told = new Set();
  /* this socket has asked for whatever runs */
  let anyAsked = false;
  /* this socket's server is going, and takes no new run */
  let leaving = false;

  let tellKnown = noop;
  /** @type {Promise<void>} */
  const known = new Promise((resolve) => { tellKnown = resolve; });

  /** @param {Entry} entry */
  function has(entry) {
    return entries.get(entry.run.requestId) === entry;
  }

  /**
   * @param {import('./types.js').Message} message
   * @param {boolean} own
   * @param {SendOptions['retries']} [retries]
   * @returns {Entry} one that is not counted among the runs
   */
  function make(message, own, retries) {
    const entry = createEntry(message, () => cancel(entry), own, policy(retries));

    return entry;
  }

  /** @param {Entry} entry */
  function add(entry) {
    entries.set(entry.run.requestId, entry);
  }

  /** @param {string} [requestId] default: all */
  function cancelAll(requestId) {
    for (const [id, entry] of [...entries]) {
      if (requestId === undefined || requestId === id) {
        cancel(entry);
      }
    }
  }

  /** @param {Entry} entry */
  function cancel(entry) {
    const { requestId } = entry.run;

    if (!has(entry) || entry.cancelled) {
      return;
    }

    entry.cancelled = true;

    if (!entry.sent) {
      cancelled(entry);

    } else if (socket.ready) {
      socket.send({ type: 'cancel', requestId });
    }
  }

  /** @param {Entry} entry @param {boolean} [kept] */
  function cancelled(entry, kept) {
    fail(entry, 'Cancelled.', { code: 'CANCELLED', retryable: true, kept });
  }

  /**
   * @param {Entry} entry
   * @param {string} message
   * @param {ConstructorParameters<typeof ThreadError>[1]} detail
   */
  function fail(entry, message, detail) {
    const { requestId } = entry.run;

    entries.delete(requestId);
    entry.fail(new ThreadError(message, { ...detail, requestId }));
  }

  /** Sends what waits, in the order in which it came. */
  function flush() {
    for (const entry of entries.values()) {
      /* what a socket that is closing takes goes nowhere */
      if (!entry.sent && !entry.waiting && !leaving && socket.ready) {
        transmit(entry);
      }
      /* also for what waits until such a socket is gone */
      socket.watch();
    }
  }

  /** What waits for its time to be sent again waits no longer. */
  function hurry() {
    entries.forEach(due);
    flush();
  }

  /** @param {Entry} entry */
  function due(entry) {
    clearTimeout(entry.waiting);
    entry.waiting = undefined;
  }

  /** @param {Entry} entry */
  function transmit(entry) {
    entry.sent = true;
    entry.begun = false;
    entry.size = 0;
    entry.again();
    entry.heard = performance.now() + socket.send(
      { type: 'message', threadId, ...entry.message }) / SLOWEST;
  }

  /**
   * There is a socket: what has begun is followed, what waits is sent.
   *
   * @param {string} protocol
   */
  function opened(protocol) {
    asked = [];
    told.clear();
    anyAsked = leaving = false;

    if (resume ?? protocol === 'thread-ws.v2') {
      for (const entry of entries.values()) {
        if (entry.sent) {
          follow(entry);
        }
      }
      if (!asked.length) {
        follow();
      }
    } else {
      unresumed([...entries.values()]);
    }

    flush();
  }

  /** @param {Entry} [entry] default: whatever run there is */
  function follow(entry) {
    anyAsked ||= !entry;

    if (entry) {
      entry.heard = performance.now();
    }
    if (asked.push(entry) === 1) {
      ask();
    }
  }

  /* the first of them */
  function ask() {
    const [entry] = asked;

    socket.send({
      type: 'follow', requestId: entry?.run.requestId, after: entry?.position,
    });
  }

  /** @param {Loss} loss */
  function lost({ all, message, ...detail }) {
    tellKnown();
    for (const entry of [...entries.values()]) {
      if (all) {
        fail(entry, message, detail);

      } else if (entry.sent && resumes === false) {
        /* a server that sends idle clients away has begun nothing */
        gone(entry, message, detail, !entry.begun && detail.closeCode === 1012);
      }
    }
  }

  /**
   * Runs that were sent by an earlier socket, on a server where they have ended.
   *
   * @param {(Entry | undefined)[]} lost
   */
  function unresumed(lost) {
    resumes = false;
    tellKnown();
    lost.forEach((entry) => entry?.sent && has(entry) && gone(entry, ...LOSS));
  }

  /**
   * A run that was sent is no more.
   *
   * @param {Entry} entry
   * @param {string} message
   * @param {ConstructorParameters<typeof ThreadError>[1]} detail
   * @param {boolean} [harmless] sending it again asks no agent twice
   */
  function gone(entry, message, detail, harmless) {
    if (entry.cancelled) {
      cancelled(entry);
    } else if (!sendAgain(entry, detail, harmless)) {
      fail(entry, message, detail);
    }
  }

  /**
   * @param {Entry} entry
   * @param {{code?: ErrorCode, retryAfterMs?: number}} why
   * @param {boolean} [harmless]
   * @returns {boolean} whether it will be sent again
   */
  function sendAgain(entry, { code = 'ERROR', retryAfterMs }, harmless) {
    const { times, withinMs, begun: anyway } = entry.retries;
    const now = performance.now();

    if (entry.tries >= times || entry.cancelled
      || !(harmless || (anyway && LOST.includes(code)))) {
      return false;
    }

    const pause = code === 'BUSY' || code === 'RATE_LIMITED'
      ? retryAfterMs ?? Math.min(1000 * 2 ** entry.tries, 10000) : 0;

    entry.until ??= now + withinMs;
    if (now + pause > entry.until) {
      return false;
    }

    entry.tries++;
    entry.sent = false;
    if (pause) {
      entry.waiting = setTimeout(() => {
        due(entry);
        flush();
      }, pause);
    }

    return true;
  }

  /**
   * @param {any} event of the server
   * @returns {boolean} whether it is one, for the application
   */
  function heard(event) {
    const { type, requestId } = event;

    if (type === 'following' || type === 'idle') {
      answered(event);

    } else if (type === 'message') {
      recognize(event).again();

    } else if (type === 'error' && !requestId && asked.length
      && event.code === 'INVALID_MESSAGE') {
      /* it knows no follow, or does not want it */
      unresumed(asked);
      asked = [];
      flush();
      return false;

    } else if (told.has(requestId)) {
      if (ENDS.includes(type)) {
        told.delete(requestId);
      }
      return false;

    } else {
      const entry = entries.get(requestId);

      if (entry?.sent) {
        tell(entry, event);
      } else if (type !== 'pong') {
        warn('no such run', event);
      }
    }

    return true;
  }

  /**
   * What a follow came to.
   *
   * @param {any} event
   */
  function answered(event) {
    const { type, requestId, position, lastRequestId } = event;
    const about = asked.shift();

    resumes = true;
    /* those that were told to their end meanwhile are not asked for */
    asked = asked.filter((it) => !it || has(it));
    if (asked.length) {
      ask();
    }

    if (type === 'following' && about && !has(about)) {
      told.add(requestId);

    } else if (type === 'following') {
      const entry = recognize(event);

      /* else it goes on where this socket is with it, or the last one was */
      if (!entry.position || !(position >= entry.position)) {
        entry.again();
      }
      if (entry.cancelled) {
        socket.send({ type: 'cancel', requestId });
      }

    } else if (about?.sent && has(about)) {
      if (!anyAsked) {
        follow();
      }
      /* it is stored, or has never come to the server */
      gone(about, ...LOSS,
        lastRequestId === about.run.requestId || (about.own && !about.begun));
      flush();
    }

    tellKnown();
  }

  /**
   * A run that goes on, or that somebody else has begun.
   *
   * @param {any} event
   * @returns {Entry}
   */
  function recognize({ type, position, ...message }) {
    const { requestId, content } = message;
    const entry = entries.get(requestId);
    const before = entry?.run.content;
    /* parts may be written in more than one way */
    const same = entry && (before === content || typeof before !== 'string');

    if (entry && !same) {
      fail(entry, OTHER, { code: 'DUPLICATE_REQUEST' });
    }

    const known = same ? entry : make(message, false);

    due(known);
    known.sent = known.begun = true;
    known.heard = performance.now();

    if (known !== entry) {
      add(known);
      begun(known.run);
    }
    socket.watch();

    return known;
  }

  /** @param {Entry} entry @param {any} event */
  function tell(entry, event) {
    const { type, requestId } = event;

    entry.heard = performance.now();

    /* a word that was heard is said again: so is all that came before it */
    if (type === 'token' && event.position <= /** @type {number} */ (entry.position)) {
      entry.again();
    }

    if (type === 'error') {
      failed(entry, event);

    } else {
      entry.begun = true;
      entry.position = event.position;
    }

    if (type === 'token') {
      /* what comes next may be all of it at once */
      entry.size += event.value.length;
      entry.heard += entry.size / SLOWEST;
      entry.push(event.value);

    } else if (type === 'reset') {
      entry.reset();

    } else if (type === 'final') {
      entries.delete(requestId);
      entry.end(event);

    } else if (type === 'cancelled') {
      cancelled(entry, event.kept);
    }

    /* a server that is going is left when it owes nothing any more */
    if (leaving && ![...entries.values()].some(({ sent }) => sent)) {
      leaving = false;
      socket.leave();
    }
  }

  /** @param {Entry} entry @param {any} event */
  function failed(entry, event) {
    const { code, message } = event;

    leaving ||= code === 'SHUTTING_DOWN';
    gone(entry, message, event,
      REFUSED.includes(code) && (!entry.begun || code === 'SUPERSEDED'));
    flush();
  }

  /**
   * Fails the runs that have waited for too long.
   *
   * @param {number} now as performance.now() counts
   * @returns {number} when one of the others was last heard of, or can be at
   *   the latest while something large is on its way; 0 where none is left
   */
  function expire(now) {
    let last = 0;

    for (const entry of [...entries.values()]) {
      if (entry.waiting) {
        continue;
      }
      if (answerTimeoutMs && now - entry.heard > answerTimeoutMs) {
        if (entry.own && entry.sent) {
          cancel(entry);
        }
        fail(entry, 'No answer came in time.', { code: 'TIMEOUT', retryable: true });
      } else {
        last = Math.max(last, entry.heard);
      }
    }

    return last;
  }

  return {
    /** @returns {Run[]} */
    get list() {
      return [...entries.values()].map(({ run }) => run);
    },
    /** resolves once it is known what runs */
    known,
    find: (/** @type {string} */ requestId) => entries.get(requestId),
    make,
    add,
    cancelAll,
    flush,
    hurry,
    opened,
    lost,
    heard,
    expire,
  };
}

/** @typedef {ReturnType<typeof createRuns>} Runs */
