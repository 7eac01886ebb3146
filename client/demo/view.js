/**
 * A thread that is looked at: its connection, its history, its runs.
 */

import { ThreadConnection, newRequestId } from '../src/index.js';
import { h } from './dom.js';
import { loadHistory } from './history.js';
import { refusal, textOf, titleOf } from './texts.js';
import { Turn } from './turn.js';
import { Turns } from './turns.js';

/** @typedef {import('../src/index.js').Content} Content */
/** @typedef {import('./turn.js').Beside} Beside */

/**
 * @typedef {object} Host
 * @property {import('./threads.js').Threads} threads
 * @property {(view: View) => void} onState the connection's state has changed
 * @property {(view: View) => void} onBusy a run has begun or ended
 * @property {(view: View) => void} onGrown there is more to see
 * @property {(view: View, content: Content, edits?: string | null) => void} onText
 *   something for the message box, only where that is empty, unless it is to be
 *   edited: then as the one that replaces the run named, or as a new one (null)
 * @property {(view: View, ...texts: string[]) => void} announce
 */

/* what asks an agent for more, in whatever language it speaks */
const CONTINUE = 'Continue.';

const MISSING = {
  title: 'The conversation so far could not be loaded.',
  advice: 'Trying again can help; new messages can be sent all the same.',
};

/* runs that are shown, unless earlier ones are asked for */
const SHOWN = 100;

/* a message that is larger is not remembered over a reload: the browser's storage
   has room for a few such */
const RECALLED = 100_000;

export class View {
  loaded = false;
  #host;
  #connection;
  #turns = new Turns();
  element = this.#turns.element;
  /** @type {{run: import('../src/index.js').Run, turn: Turn} | null} */
  #current = null;
  #left = false;
  /** @type {HTMLElement | null} what says that the history is missing */
  #unloaded = null;
  #nothing = h('p', { class: 'nothing' }, 'The server has nothing of this conversation: '
    + 'no message of it was answered, or it was deleted.');
  #more = h('button', {
    class: 'button earlier', type: 'button', onclick: () => this.#loadEarlier(),
  }, 'Show earlier messages');
  /** @type {ReturnType<typeof refusal>} what the server says to a handshake */
  #refused = null;
  /* what ran when the page was loaded has been told */
  #known = false;
  /* there was a connection, and something may have been missed since */
  #away = false;
  /** @type {string | undefined} the thread's last run, as the server has said */
  #last;
  /** @type {Turn | null} the one whose text goes back into the box */
  #giveBack = null;

  /**
   * @param {string} id
   * @param {Host} host
   * @param {boolean} fresh whether there can be no history yet
   */
  constructor(id, host, fresh) {
    this.id = id;
    this.#host = host;
    this.#connection = new ThreadConnection(id, { jitter: 0.2 });
    this.#connection.on('state', (state) => this.#changed(state));
    this.#connection.on('event', (event) => this.#hear(event));
    this.#connection.on('run', (run) => this.#adopt(run));
    this.#connection.on('warning', ({ message, data }) =>
      console.debug(`thread ${id}: ${message}`, data));

    if (fresh) {
      this.loaded = true;
    } else {
      this.#load();
    }
  }

  get state() {
    return this.#connection.state;
  }

  get refused() {
    return this.#refused;
  }

  /** @param {import('../src/index.js').ConnectionState} state */
  #changed({ status, code, httpStatus }) {
    if (status === 'connected') {
      if (this.#unloaded) {
        this.#load();
      }

    } else if (status === 'disconnected' && code === 1009) {
      /* that was about one message, which says so: the next may be smaller */
      queueMicrotask(() => this.#connection.retry());
      return;
    }

    this.#away ||= status === 'reconnecting' || status === 'disconnected';
    this.#refused = httpStatus ? refusal(httpStatus, 'this page\'s connection') : null;
    this.#host.onState(this);
  }

  /** @param {any} event */
  #hear(event) {
    const { type, requestId, replaces, lastRequestId } = event;

    if (this.#current && requestId === this.#current.run.requestId) {
      const { turn } = this.#current;

      if (replaces) {
        /* begun elsewhere: this says so */
        turn.beside.replaces = replaces;
        this.#turns.giveWay(turn);
      }
      turn.hear(event);
    }
    if (type === 'idle') {
      this.#last = lastRequestId;
    }
    if (type === 'idle' || type === 'following') {
      this.#known = true;
      if (this.#away) {
        this.#refresh();
      } else if (this.loaded) {
        this.#catchUp();
      }
      this.#away = false;
    }
  }

  /** Asks for what the server has, if it has said that there is more. */
  async #catchUp() {
    if (this.#last && !this.#turns.find(this.#last)?.kept) {
      await this.#refresh();
    }
    this.#last = undefined;
  }

  get busy() {
    return this.#current !== null;
  }

  get empty() {
    return this.#turns.empty;
  }

  /** Tries to connect now. */
  reconnect() {
    this.#connection.retry();
  }

  /**
   * @param {Content | undefined} content
   * @param {Beside} [beside]
   */
  send(content, beside = {}) {
    /* the running answer gives way */
    this.stop(false);

    this.#trim();

    const turn = this.#make(newRequestId(), content, beside);
    const known = this.#host.threads.get(this.id);

    this.#turns.append(turn);
    this.#host.threads.put(this.id, {
      title: known?.title ?? titleOf(textOf(content)),
      updated: Date.now(),
    });
    this.#run(turn);
  }

  /** @param {boolean} [giveBack] whether the text returns to the box */
  stop(giveBack = true) {
    if (this.#current) {
      const { run, turn } = this.#current;
      this.#giveBack = giveBack ? turn : null;
      run.cancel();
    }
  }

  /** The view is no longer shown: an answer under way is still waited for. */
  leave() {
    this.#left = true;
    this.element.remove();
    this.#closeIfLeft();
  }

  enter() {
    this.#left = false;
  }

  close() {
    this.#connection.close();
  }

  get closed() {
    return this.#connection.state.status === 'closed';
  }

  #closeIfLeft() {
    if (this.#left && !this.#current) {
      this.#connection.close();
    }
  }

  /**
   * @param {string} requestId
   * @param {Content | undefined} content
   * @param {Beside} beside
   */
  #make(requestId, content, beside) {
    return new Turn(requestId, content, beside, {
      onRetry: (it) => this.#retry(it),
      onEdit: (it) => this.#host.onText(this, it.content ?? '', it.kept ? it.requestId : null),
      onAgain: (it) => this.send(it.content, { replaces: it.requestId }),
      onContinue: () => this.send(CONTINUE),
      onAnswer: (answer) => this.send(undefined, answer),
      onGrown: () => this.#host.onGrown(this),
    });
  }

  /** @param {Turn} turn */
  #retry(turn) {
    this.stop(false);

    /* it is answered after what has been asked meanwhile */
    this.#turns.append(turn);

    /* a cancel may be under way for the old name; a drop is another matter:
       the answer may be stored, and must not be asked for twice */
    if (turn.phase === 'stopped') {
      turn.requestId = newRequestId();
    }

    this.#run(turn);
  }

  /**
   * A run that this page has not begun, or not since it was loaded.
   *
   * @param {import('../src/index.js').Run} run
   */
  #adopt({ requestId, content }) {
    const turn = this.#turns.find(requestId) ?? this.#make(requestId, content, {});

    if (turn !== this.#current?.turn) {
      const origin = this.#known ? 'Asked in another tab or on another device.'
        : 'Asked before this page was loaded; the answer goes on.';

      this.#turns.append(turn);
      this.#run(turn, content, origin);
      this.#host.announce(this, origin);
    }
  }

  /** @param {Turn} turn */
  #pend(turn) {
    const { requestId, content, beside } = turn;
    const pending = { requestId, content, beside };

    this.#host.threads.put(this.id, {
      pending: JSON.stringify(pending).length > RECALLED ? undefined : pending,
    });
  }

  /**
   * @param {Turn} turn
   * @param {Content} [asked] what it is that runs, where that is written in another
   *   way than the turn's
   * @param {string} [origin] where it comes from, if not from this page
   */
  async #run(turn, asked = turn.content, origin = undefined) {
    const { requestId, content, beside } = turn;
    const { threads } = this.#host;

    turn.wait(origin);
    this.#turns.giveWay(turn);
    this.#pend(turn);

    const run = this.#connection.send(asked, {
      requestId,
      ...beside,
      onToken: (delta) => turn.append(delta),
      onReset: () => turn.wait(origin),
    });
    const current = { run, turn };

    this.#current = current;
    this.#show();

    let keep = false;

    try {
      const { message, latencyMs, usage, finishReason, interrupts } = await run;

      turn.finish(message,
        { latencyMs, outputTokens: usage?.outputTokens, finishReason, interrupts });
      turn.replaced = [];
      this.#host.announce(this, 'Answer:', ...turn.spoken);

    } catch (error) {
      keep = this.#failed(turn, /** @type {import('../src/index.js').ThreadError} */ (error));
    }

    if (!keep && threads.get(this.id)?.pending?.requestId === requestId) {
      threads.put(this.id, { pending: undefined });
    }

    if (this.#current === current) {
      this.#current = null;
    }

    this.#show();
    this.#closeIfLeft();
  }

  /**
   * @param {Turn} turn
   * @param {import('../src/index.js').ThreadError} failure
   * @returns {boolean} whether it is to be remembered
   */
  #failed(turn, failure) {
    const { code, kept, message, retryable } = failure;

    if (kept) {
      turn.replaced = [];
    } else {
      this.#turns.comeBack(turn);
    }

    if (code === 'CANCELLED') {
      turn.stop(kept ? failure.partial : undefined);
      this.#host.announce(this, 'The answer was stopped.');
      if (this.#giveBack === turn && !kept && turn.content) {
        this.#host.onText(this, turn.content);
      }
      return false;
    }

    const refused = this.state.status === 'connected' ? null : this.#refused;

    turn.fail(failure, refused);
    this.#host.announce(this, refused?.title ?? message);
    return retryable;
  }

  /** What goes on, and what is asked, may be other than it was. */
  #show() {
    const last = this.#turns.list.findLast(({ kept }) => kept);

    if (!this.empty) {
      this.#nothing.remove();
    }
    for (const turn of this.#turns.list) {
      turn.askable(turn === last && !this.busy);
    }
    this.#host.onBusy(this);
    this.#host.onGrown(this);
  }

  async #load() {
    const { threads } = this.#host;
    const pending = threads.get(this.id)?.pending;
    /** @type {import('./history.js').Past[] | null | undefined} */
    let runs;

    await this.#fetch(async () => {
      runs = await loadHistory(this.id);
      this.#prepend(runs ?? []);
    }, () => this.#load());

    /* nothing was left that goes on, or has come to its end meanwhile */
    await this.#connection.underWay();
    if (this.#turns.list.some((turn) =>
      turn.kept && !runs?.some(({ requestId }) => requestId === turn.requestId))) {
      await this.#refresh();
    }
    await this.#catchUp();
    if (runs !== undefined) {
      this.#recall(pending);
    }
    if (runs === null && this.empty && threads.get(this.id)) {
      this.element.append(this.#nothing);
    }
    this.#show();
  }

  /** What comes before the first run that is shown. */
  async #loadEarlier() {
    const first = this.#turns.list.find(({ kept }) => kept)?.requestId;

    this.#more.remove();
    await this.#fetch(async () => {
      /** @type {number | undefined} */
      let before;
      let found = false;

      do {
        const runs = await loadHistory(this.id, before) ?? [];
        const at = runs.findIndex(({ requestId }) => requestId === first);

        if (found || at > 0) {
          this.#prepend(found ? runs : runs.slice(0, at));
          return;
        }
        found = at === 0;
        before = runs[0]?.seq ?? 1;
      } while (before > 1);
    }, () => this.#loadEarlier());
  }

  /**
   * @param {() => Promise<void>} load
   * @param {() => void} again
   */
  async #fetch(load, again) {
    const loading = h('p', { class: 'loading' }, 'Loading the conversation…');

    this.#unloaded?.remove();
    this.#unloaded = null;
    this.element.prepend(loading);

    try {
      await load();
      loading.remove();

    } catch (error) {
      const { title, advice } = refusal(/** @type {any} */ (error).status,
        'the conversation so far') ?? MISSING;

      console.debug('history', error);
      this.#unloaded = h('div', { class: 'notice' },
        h('p', {}, h('strong', {}, title), ` ${advice}`),
        h('div', { class: 'notice-buttons' }, h('button', {
          class: 'button primary', type: 'button', onclick: again,
        }, 'Try again')));
      loading.replaceWith(this.#unloaded);
    }

    this.loaded = true;
    this.#show();
  }

  /**
   * What was said here while this page was not connected, or was not told.
   */
  async #refresh() {
    const kept = new Set(this.#turns.list.filter((turn) => turn.kept));

    try {
      const runs = await loadHistory(this.id);

      if (!runs?.length) {
        /* no history is kept here */
        return;
      }

      const names = new Set(runs.map(({ requestId }) => requestId));

      if (this.#turns.list.some((turn) =>
        turn.kept && !kept.has(turn) && !names.has(turn.requestId))) {
        /* it came to its end when this was on its way */
        await this.#refresh();
        return;
      }

      const turns = runs.map((past) => {
        const turn = this.#turns.find(past.requestId);

        /* what is under way hears its own end */
        return turn?.kept || turn?.busy ? turn : this.#recalled(past, turn);
      });

      this.#turns.merge(turns);
      this.#gaveWay();
      this.#show();
    } catch (error) {
      /* what is there stays */
      console.debug('history', error);
    }
  }

  /**
   * @param {import('./history.js').Past} past
   * @param {Turn} [known]
   */
  #recalled({ requestId, content, beside, answer, parts },
    known = this.#make(requestId, content, beside)) {
    known.recall(answer, parts);
    return known;
  }

  /* what is replaced by a run that goes on may have come after that */
  #gaveWay() {
    if (this.#current) {
      this.#turns.giveWay(this.#current.turn);
    }
    this.#tellResults();
  }

  /** Shows what calls of tools were answered with where these stand. */
  #tellResults() {
    const { list } = this.#turns;

    for (const [i, { beside: { toolResults = [] } }] of list.entries()) {
      for (const result of i ? toolResults : []) {
        if (!result.error) {
          list[i - 1].hear({ type: 'tool-result', ...result });
        }
      }
    }
  }

  /**
   * Puts runs of the history before what is there already.
   *
   * @param {import('./history.js').Past[]} runs
   */
  #prepend(runs) {
    const earlier = runs.filter(({ requestId }) => !this.#turns.find(requestId))
      .map((past) => this.#recalled(past));

    this.#turns.arrange([...earlier, ...this.#turns.list]);
    this.#gaveWay();

    if (runs[0]?.seq > 1) {
      this.element.prepend(this.#more);
    }
  }

  /** A page that is open for days shows the end of its thread, not all. */
  #trim() {
    const { list } = this.#turns;

    if (list.length > SHOWN + SHOWN / 4) {
      this.#turns.arrange(list.slice(-SHOWN));
      this.element.prepend(this.#more);
    }
  }

  /**
   * A message that was on its way when the page was left.
   *
   * @param {import('./threads.js').Thread['pending']} pending
   */
  #recall(pending) {
    if (!pending) {
      return;
    }

    const { requestId, content, beside = {} } = pending;
    const turn = this.#turns.find(requestId);

    if (!turn) {
      const left = this.#make(requestId, content, beside);

      this.#turns.append(left);
      left.fail({ code: 'LEFT', message: '', retryable: true });
    } else if (turn.kept) {
      this.#host.threads.put(this.id, { pending: undefined });
    }
  }
}
