/**
 * The exchanges of a thread that are shown, in their order.
 */

import { h } from './dom.js';

/** @typedef {import('./turn.js').Turn} Turn */

export class Turns {
  element = h('div', { class: 'view' });
  /** @type {Turn[]} */
  #list = [];

  get list() {
    return this.#list;
  }

  get empty() {
    return this.#list.length === 0;
  }

  /** @param {string} [requestId] */
  find(requestId) {
    return this.#list.find((turn) => turn.requestId === requestId);
  }

  /**
   * Shows these, and no others; what is in its place stays there untouched.
   *
   * @param {Turn[]} list
   */
  arrange(list) {
    const stay = new Set(list);
    /** @type {Node | null} */
    let next = null;

    for (const turn of this.#list) {
      if (!stay.has(turn)) {
        turn.element.remove();
      }
    }
    for (const { element } of list.toReversed()) {
      if (element.parentNode !== this.element || element.nextSibling !== next) {
        this.element.insertBefore(element, next);
      }
      next = element;
    }

    this.#list = list;
  }

  /** @param {Turn} turn to come to the end */
  append(turn) {
    this.arrange([...this.#list.filter((it) => it !== turn), turn]);
  }

  /**
   * What a turn replaces, and all after that, is not shown while it runs.
   *
   * @param {Turn} turn
   */
  giveWay(turn) {
    const { replaces } = turn.beside;
    const at = replaces ? this.#list.findIndex((it) => it.requestId === replaces) : -1;
    const gone = at < 0 ? [] : this.#list.slice(at).filter((it) => it !== turn);

    if (gone.length) {
      /* some may have been taken over from the server meanwhile */
      turn.replaced = [...gone, ...turn.replaced.filter(({ requestId }) =>
        !gone.some((it) => it.requestId === requestId))];
      this.arrange([...this.#list.slice(0, at).filter((it) => it !== turn), turn]);
    }
  }

  /**
   * It came to nothing: what should have given way is back before it.
   *
   * @param {Turn} turn
   */
  comeBack(turn) {
    const back = turn.replaced.filter((it) => !this.find(it.requestId));

    turn.replaced = [];
    if (back.length) {
      const at = this.#list.indexOf(turn);

      this.arrange(this.#list.toSpliced(at, 0, ...back));
    }
  }

  /**
   * Takes over what the server has: its runs in their order. What is older than
   * they are stays, unless one of them has taken its place; what is under way
   * comes last, and what is no part of the thread stays behind what it came after.
   *
   * @param {Turn[]} known the server's, oldest first
   */
  merge(known) {
    const names = new Set(known.map(({ requestId }) => requestId));
    const first = this.#list.findIndex(({ requestId }) => names.has(requestId));
    const replaced = new Set(known.map(({ beside }) => beside.replaces));
    const older = this.#list.slice(0, Math.max(first, 0)).filter(({ kept }) => kept);
    const gone = older.findIndex(({ requestId }) => replaced.has(requestId));
    const merged = [...gone < 0 ? older : older.slice(0, gone), ...known];

    this.#list.forEach((turn, i) => {
      if (!turn.kept && !names.has(turn.requestId)) {
        const at = turn.busy ? -1 : merged.indexOf(this.#list[i - 1]);

        merged.splice(at < 0 ? merged.length : at + 1, 0, turn);
      }
    });
    this.arrange(merged);
  }
}
