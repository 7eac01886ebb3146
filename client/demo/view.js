/**
 * A thread that is looked at: its connection, its history, its runs.
 */

import { ThreadConnection, newRequestId } from '../src/index.js';
import { h } from './dom.js';
import { ask } from './endpoint.js';
import { loadHistory } from './history.js';
import { refusal, textOf, titleOf } from './texts.js';
import { Turn } from './turn.js';

/**
 * @typedef {object} Host
 * @property {import('./threads.js').Threads} threads
 * @property {(view: View) => void} onState the connection's state has changed
 * @property {(view: View) => void} onBusy a run has begun or ended
 * @property {(view: View) => void} onGrown there is more to see
 * @property {(view: View, text: string, always?: boolean) => void} onText text
 *   for the message box; unless always, only where that is empty
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

export class View {
  element = h('div', { class: 'view' });
  loaded = false;
  #host;
  #connection;
  /** @type {Turn[]} */
  #turns = [];
  /** @type {{run: import('../src/index.js').Run, turn: Turn} | null} */
  #current = null;
  #left = false;
  /** @type {HTMLElement | null} what says that the history is missing */
  #unloaded = null;
  #more = h('button', {
    class: 'button earlier', type: 'button', onclick: () => this.#loadEarlier(),
  }, 'Show earlier messages');
  /** @type {ReturnType<typeof refusal>} what the server says to a handshake */
  #refused = null;
  #opening = true;
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
    this.#connection = new ThreadConnection(id, { jitter: 0.2, retryEveryMs: 0, fetch: null });
    this.#connection.on('state', (state) => this.#changed(state));
    this.#connection.on('event', (/** @type {any} */ event) => {
      if (this.#current && event.requestId === this.#current.run.requestId) {
        this.#current.turn.hear(event);
      }
    });
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
  #changed({ status, code }) {
    if (status === 'connected') {
      this.#opening = false;
      this.#refused = null;
      if (this.#unloaded) {
        this.#load();
      }

    } else if (status === 'disconnected' && code === 1009) {
      /* that was about one message, which says so: the next may be smaller */
      queueMicrotask(() => this.#connection.retry());
      return;

    } else if (status === 'reconnecting' || status === 'disconnected') {
      if (this.#opening) {
        this.#inquire();
      }
      this.#opening = true;
    }

    this.#host.onState(this);
  }

  /** Why there is no connection, which a handshake does not tell. */
  async #inquire() {
    const refused = refusal((await ask(this.id)).status, 'this page\'s connection');

    if (this.state.status !== 'connected' && this.state.status !== 'closed') {
      this.#refused = refused;
      this.#host.onState(this);
    }
  }

  get busy() {
    return this.#current !== null;
  }

  get empty() {
    return this.#turns.length === 0;
  }

  /** Tries to connect now. */
  reconnect() {
    this.#connection.retry();
  }

  /** @param {string} content */
  send(content) {
    /* the running answer gives way */
    this.stop(false);

    this.#trim();

    const turn = this.#addTurn(newRequestId(), content);
    const known = this.#host.threads.get(this.id);

    this.#host.threads.put(this.id, {
      title: known?.title ?? titleOf(content),
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
   * @param {string} content
   * @param {Node | null} [before] default: the end
   */
  #addTurn(requestId, content, before = null) {
    const turn = new Turn(requestId, content, {
      onRetry: (it) => this.#retry(it),
      onEdit: (it) => this.#host.onText(this, it.content, true),
      onContinue: () => this.send(CONTINUE),
      onGrown: () => this.#host.onGrown(this),
    });

    this.#turns.push(turn);
    this.element.insertBefore(turn.element, before);
    this.#host.onGrown(this);

    return turn;
  }

  /** @param {Turn} turn */
  #retry(turn) {
    this.stop(false);

    /* it is answered after what has been asked meanwhile */
    this.element.append(turn.element);

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
    const turn = this.#turns.find((it) => it.requestId === requestId);

    if (turn !== this.#current?.turn || !turn) {
      this.#run(turn ?? this.#addTurn(requestId, textOf(content)), content);
    }
  }

  /**
   * @param {Turn} turn
   * @param {import('../src/index.js').Content} [asked] what it is that runs, where
   *   that is not the turn's text
   */
  async #run(turn, asked = turn.content) {
    const { requestId, content } = turn;
    const { threads } = this.#host;

    turn.wait();
    threads.put(this.id, { pending: { requestId, content } });

    const run = this.#connection.send(asked, {
      requestId,
      onToken: (delta) => turn.append(delta),
      onReset: () => turn.wait(),
    });
    const current = { run, turn };

    this.#current = current;
    this.#host.onBusy(this);
    this.#host.onGrown(this);

    let keep = false;

    try {
      const { message, latencyMs, usage, finishReason } = await run;

      turn.finish(message, { latencyMs, outputTokens: usage?.outputTokens, finishReason });
      this.#host.announce(this, 'Answer:', ...turn.spoken);

    } catch (error) {
      const failure = /** @type {import('../src/index.js').ThreadError} */ (error);

      if (failure.code === 'CANCELLED') {
        turn.stop(failure.kept);
        this.#host.announce(this, 'The answer was stopped.');
        if (this.#giveBack === turn && !failure.kept) {
          this.#host.onText(this, content);
        }

      } else {
        const refused = this.state.status === 'connected' ? null : this.#refused;

        turn.fail(failure, refused);
        this.#host.announce(this, refused?.title ?? failure.message);
        keep = failure.retryable;
      }
    }

    if (!keep && threads.get(this.id)?.pending?.requestId === requestId) {
      threads.put(this.id, { pending: undefined });
    }

    if (this.#current === current) {
      this.#current = null;
      this.#host.onBusy(this);
    }

    this.#closeIfLeft();
  }

  async #load() {
    const pending = this.#host.threads.get(this.id)?.pending;

    await this.#fetch(async () => {
      const runs = await loadHistory(this.id);

      this.#prepend(runs ?? []);
      this.#recall(pending);

      if (!runs && !pending && this.empty && this.#host.threads.get(this.id)) {
        this.element.append(h('p', { class: 'loading' }, 'The server has nothing of this '
          + 'conversation: no message of it was answered, or it was deleted.'));
      }
    }, () => this.#load());
  }

  /** What comes before the first run that is shown. */
  async #loadEarlier() {
    const first = this.#turns.find((turn) => turn.phase === 'done')?.requestId;

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
    this.#host.onBusy(this);
    this.#host.onGrown(this);
  }

  /**
   * Puts runs of the history before what is there already.
   *
   * @param {{requestId: string, content: string, answer: string, seq: number}[]} runs
   */
  #prepend(runs) {
    const known = new Set(this.#turns.map((turn) => turn.requestId));
    const first = this.#turns[0]?.element ?? null;
    const later = this.#turns;

    this.#turns = [];
    for (const { requestId, content, answer } of runs) {
      if (!known.has(requestId)) {
        this.#addTurn(requestId, content, first).finish(answer);
      }
    }
    this.#turns.push(...later);

    if (runs[0]?.seq > 1) {
      this.element.prepend(this.#more);
    }
  }

  /** A page that is open for days shows the end of its thread, not all. */
  #trim() {
    if (this.#turns.length > SHOWN + SHOWN / 4) {
      for (const { element } of this.#turns.splice(0, this.#turns.length - SHOWN)) {
        element.remove();
      }
      this.element.prepend(this.#more);
    }
  }

  /**
   * A message that was on its way when the page was left.
   *
   * @param {{requestId: string, content: string} | undefined} pending
   */
  #recall(pending) {
    if (!pending) {
      return;
    }

    const turn = this.#turns.find((it) => it.requestId === pending.requestId);

    if (!turn) {
      this.#addTurn(pending.requestId, pending.content).fail({
        code: 'LEFT', message: '', retryable: true,
      });
    } else if (turn.phase === 'done') {
      this.#host.threads.put(this.id, { pending: undefined });
    }
  }
}
