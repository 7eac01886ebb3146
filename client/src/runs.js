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

import { ThreadError, call, createEntry } from './run.js';

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

/* how often, and how late, in ms, a run is sent again */
const RETRIES = { times: 5, withinMs: 60000, begun: false };

/** @param {SendOptions['retries']} [retries] */
const policy = (retries = {}) => ({
  ...RETRIES,
  ...typeof retries === 'object' ? retries : { times: +retries, begun: true },
});

export class Runs {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  #line;
  /** whether the server lets runs be followed; unknown before it has said
   *  @type {boolean | undefined} */
  #resumes;
  /** what is asked for by follow, one after another: an answer of idle does not
   *  name what it is about @type {(Entry | undefined)[]} */
  #asked = [];
  /** runs that have ended while they were asked for, and are told once more
   *  @type {Set<string>} */
  #told = new Set();
  /* this socket has asked for whatever runs */
  #anyAsked = false;
  /* this socket's server is going, and takes no new run */
  #leaving = false;

  /** @type {() => void} */
  #tellKnown = () => {};
  /** resolves once it is known what runs @type {Promise<void>} */
  known = new Promise((resolve) => { this.#tellKnown = resolve; });

  /** @param {Line} line */
  constructor(line) {
    this.#line = line;
    this.#resumes = line.resume === false ? false : undefined;
  }

  /** @returns {Run[]} */
  get list() {
    return [...this.#entries.values()].map(({ run }) => run);
  }

  /** @param {Entry} entry */
  #has(entry) {
    return this.#entries.get(entry.run.requestId) === entry;
  }

  /** @param {string} requestId */
  find(requestId) {
    return this.#entries.get(requestId);
  }

  /**
   * @param {string} requestId
   * @param {string} content
   * @param {boolean} own
   * @param {SendOptions['retries']} [retries]
   * @returns {Entry} one that is not counted among the runs
   */
  make(requestId, content, own, retries) {
    const entry = createEntry(requestId, content, () => this.cancel(entry), own, policy(retries));

    return entry;
  }

  /** @param {Entry} entry */
  add(entry) {
    this.#entries.set(entry.run.requestId, entry);
  }

  /** @param {string} [requestId] default: all */
  cancelAll(requestId) {
    for (const [id, entry] of [...this.#entries]) {
      if (requestId === undefined || requestId === id) {
        this.cancel(entry);
      }
    }
  }

  /** @param {Entry} entry */
  cancel(entry) {
    const { requestId } = entry.run;

    if (!this.#has(entry) || entry.cancelled) {
      return;
    }

    entry.cancelled = true;

    if (!entry.sent) {
      this.#cancelled(entry);

    } else if (this.#line.socket.ready) {
      this.#line.socket.send({ type: 'cancel', requestId });
    }
  }

  /** @param {Entry} entry */
  #cancelled(entry) {
    this.#fail(entry, 'Cancelled.', { code: 'CANCELLED', retryable: true });
  }

  /**
   * @param {Entry} entry
   * @param {string} message
   * @param {ConstructorParameters<typeof ThreadError>[1]} detail
   */
  #fail(entry, message, detail) {
    const { requestId } = entry.run;

    this.#entries.delete(requestId);
    entry.fail(new ThreadError(message, { ...detail, requestId }));
  }

  /** Sends what waits, in the order in which it came. */
  flush() {
    const { socket } = this.#line;

    for (const entry of this.#entries.values()) {
      /* what a socket that is closing takes goes nowhere */
      if (!entry.sent && !entry.waiting && !this.#leaving && socket.ready) {
        this.#transmit(entry);
      }
      /* also for what waits until such a socket is gone */
      socket.watch();
    }
  }

  /** What waits for its time to be sent again waits no longer. */
  hurry() {
    this.#entries.forEach((entry) => this.#due(entry));
    this.flush();
  }

  /** @param {Entry} entry */
  #due(entry) {
    clearTimeout(entry.waiting);
    entry.waiting = undefined;
  }

  /** @param {Entry} entry */
  #transmit(entry) {
    const { requestId, content } = entry.run;

    entry.sent = true;
    entry.begun = false;
    entry.size = 0;
    entry.heard = performance.now() + content.length / SLOWEST;
    entry.again();

    this.#line.socket.send({
      type: 'message',
      requestId,
      threadId: this.#line.threadId,
      /* a lone surrogate is no text, and would be refused */
      content: /** @type {any} */ (content).toWellFormed?.() ?? content,
    });
  }

  /**
   * There is a socket: what has begun is followed, what waits is sent.
   *
   * @param {string} protocol
   */
  opened(protocol) {
    this.#asked = [];
    this.#told.clear();
    this.#anyAsked = this.#leaving = false;

    if (this.#line.resume ?? protocol === 'thread-ws.v2') {
      for (const entry of this.#entries.values()) {
        if (entry.sent) {
          this.#follow(entry);
        }
      }
      if (!this.#asked.length) {
        this.#follow();
      }
    } else {
      this.#unresumed([...this.#entries.values()]);
    }

    this.flush();
  }

  /** @param {Entry} [entry] default: whatever run there is */
  #follow(entry) {
    this.#anyAsked ||= !entry;

    if (entry) {
      entry.heard = performance.now();
    }
    if (this.#asked.push(entry) === 1) {
      this.#ask();
    }
  }

  /* the first of them */
  #ask() {
    const [entry] = this.#asked;

    this.#line.socket.send({
      type: 'follow', requestId: entry?.run.requestId, after: entry?.position,
    });
  }

  /** @param {Loss} loss */
  lost({ all, message, ...detail }) {
    this.#tellKnown();
    for (const entry of [...this.#entries.values()]) {
      if (all) {
        this.#fail(entry, message, detail);

      } else if (entry.sent && this.#resumes === false) {
        /* a server that sends idle clients away has begun nothing */
        this.#gone(entry, message, detail, !entry.begun && detail.closeCode === 1012);
      }
    }
  }

  /**
   * Runs that were sent by an earlier socket, on a server where they have ended.
   *
   * @param {(Entry | undefined)[]} entries
   */
  #unresumed(entries) {
    this.#resumes = false;
    this.#tellKnown();
    entries.forEach((entry) => entry?.sent && this.#has(entry) && this.#gone(entry, ...LOSS));
  }

  /**
   * A run that was sent is no more.
   *
   * @param {Entry} entry
   * @param {string} message
   * @param {ConstructorParameters<typeof ThreadError>[1]} detail
   * @param {boolean} [harmless] sending it again asks no agent twice
   */
  #gone(entry, message, detail, harmless) {
    if (entry.cancelled) {
      this.#cancelled(entry);
    } else if (!this.#sendAgain(entry, detail, harmless)) {
      this.#fail(entry, message, detail);
    }
  }

  /**
   * @param {Entry} entry
   * @param {{code?: ErrorCode, retryAfterMs?: number}} why
   * @param {boolean} [harmless]
   * @returns {boolean} whether it will be sent again
   */
  #sendAgain(entry, { code = 'ERROR', retryAfterMs }, harmless) {
    const { times, withinMs, begun } = entry.retries;
    const now = performance.now();

    if (entry.tries >= times || entry.cancelled
      || !(harmless || (begun && LOST.includes(code)))) {
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
        this.#due(entry);
        this.flush();
      }, pause);
    }

    return true;
  }

  /**
   * @param {any} event of the server
   * @returns {boolean} whether it is one, for the application
   */
  heard(event) {
    const { type, requestId } = event;

    if (type === 'following' || type === 'idle') {
      this.#answered(event);

    } else if (type === 'message') {
      this.#known(event).again();

    } else if (type === 'error' && !requestId && this.#asked.length
      && event.code === 'INVALID_MESSAGE') {
      /* it knows no follow, or does not want it */
      this.#unresumed(this.#asked);
      this.#asked = [];
      this.flush();
      return false;

    } else if (this.#told.has(requestId)) {
      if (ENDS.includes(type)) {
        this.#told.delete(requestId);
      }
      return false;

    } else {
      const entry = this.#entries.get(requestId);

      if (entry?.sent) {
        this.#tell(entry, event);
      } else if (type !== 'pong') {
        this.#line.warn(requestId ? 'no such run' : 'of no run', event);
      }
    }

    return true;
  }

  /**
   * What a follow came to.
   *
   * @param {any} event
   */
  #answered(event) {
    const { type, requestId, position, lastRequestId } = event;
    const asked = this.#asked.shift();

    this.#resumes = true;
    /* those that were told to their end meanwhile are not asked for */
    this.#asked = this.#asked.filter((it) => !it || this.#has(it));
    if (this.#asked.length) {
      this.#ask();
    }

    if (type === 'following' && asked && !this.#has(asked)) {
      this.#told.add(requestId);

    } else if (type === 'following') {
      const entry = this.#known(event);

      /* else it goes on where this socket is with it, or the last one was */
      if (!entry.position || !(position >= entry.position)) {
        entry.again();
      }
      if (entry.cancelled) {
        this.#line.socket.send({ type: 'cancel', requestId });
      }

    } else if (asked?.sent && this.#has(asked)) {
      if (!this.#anyAsked) {
        this.#follow();
      }
      /* it is stored, or has never come to the server */
      this.#gone(asked, ...LOSS,
        lastRequestId === asked.run.requestId || (asked.own && !asked.begun));
      this.flush();
    }

    this.#tellKnown();
  }

  /**
   * A run that goes on, or that somebody else has begun.
   *
   * @param {any} event
   * @returns {Entry}
   */
  #known({ requestId, content }) {
    const entry = this.#entries.get(requestId);
    const same = entry?.run.content === content;

    if (entry && !same) {
      this.#fail(entry, OTHER, { code: 'DUPLICATE_REQUEST' });
    }

    const known = entry && same ? entry : this.make(requestId, content, false);

    this.#due(known);
    known.sent = known.begun = true;
    known.heard = performance.now();

    if (known !== entry) {
      this.add(known);
      this.#line.begun(known.run);
    }
    this.#line.socket.watch();

    return known;
  }

  /** @param {Entry} entry @param {any} event */
  #tell(entry, event) {
    const { type, requestId } = event;

    entry.heard = performance.now();

    if (type === 'error') {
      this.#failed(entry, event);

    } else {
      entry.begun = true;
      entry.position = event.position;
    }

    if (type === 'token') {
      const delta = String(event.value);

      /* what comes next may be all of it at once */
      entry.size += delta.length;
      entry.heard += entry.size / SLOWEST;

      /* who has cancelled wants no more of it */
      if (!entry.cancelled) {
        entry.push(delta);
      }

    } else if (type === 'reset') {
      entry.reset();

    } else if (type === 'final') {
      this.#entries.delete(requestId);
      entry.end(event);

    } else if (type === 'cancelled') {
      this.#cancelled(entry);
    }

    /* a server that is going is left when it owes nothing any more */
    if (this.#leaving && ![...this.#entries.values()].some(({ sent }) => sent)) {
      this.#leaving = false;
      this.#line.socket.leave();
    }
  }

  /** @param {Entry} entry @param {any} event */
  #failed(entry, event) {
    const { code, message } = event;

    this.#leaving ||= code === 'SHUTTING_DOWN';
    this.#gone(entry, message, event,
      REFUSED.includes(code) && (!entry.begun || code === 'SUPERSEDED'));
    this.flush();
  }

  /**
   * Fails the runs that have waited for too long.
   *
   * @param {number} now as performance.now() counts
   * @returns {number} when one of the others was last heard of, or can be at
   *   the latest while something large is on its way; 0 where none is left
   */
  expire(now) {
    const { answerTimeoutMs } = this.#line;
    let last = 0;

    for (const entry of [...this.#entries.values()]) {
      if (entry.waiting) {
        continue;
      }
      if (answerTimeoutMs && now - entry.heard > answerTimeoutMs) {
        if (entry.own && entry.sent) {
          this.cancel(entry);
        }
        this.#fail(entry, 'No answer came in time.', { code: 'TIMEOUT', retryable: true });
      } else {
        last = Math.max(last, entry.heard);
      }
    }

    return last;
  }
}
