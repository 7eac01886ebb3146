/**
 * The list of threads: the server's, where it has one of this user's, and what the
 * browser's storage has of it, shared by its tabs.
 */

import { renameThread, threads as listed } from '../src/history.js';

/**
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} title
 * @property {number} updated ms since the epoch
 * @property {{requestId: string, content?: import('../src/index.js').Content,
 *   beside?: import('./turn.js').Beside}} [pending] a message whose answer has not
 *   come yet
 * @property {boolean} [kept] the server has had it in its list
 * @property {boolean} [named] its title was given to it, and is to be told the
 *   server once that has the thread
 */

const KEY = 'threads';

const ADDRESS = 'api/threads/{threadId}';

/* as many as the server lists at once */
const MOST = 1000;

export class Threads extends EventTarget {
  /** @type {Thread[]} */
  #list = [];

  constructor() {
    super();
    this.#read();

    window.addEventListener('storage', (event) => {
      if (event.key === KEY || event.key === null) {
        this.#read();
        this.dispatchEvent(new Event('change'));
      }
    });
  }

  /**
   * Takes over what the server has, if it has a list.
   */
  async sync() {
    const answer = await listed({ url: 'api/threads', limit: MOST }).catch((error) => {
      console.debug('threads', error);
      return null;
    });

    if (!answer) {
      return;
    }

    this.#read();

    const known = new Map(this.#list.map((thread) => [thread.id, thread]));
    const there = answer.threads.map(({ threadId: id, title, updatedAt }) => {
      const mine = known.get(id);

      if (mine?.named) {
        renameThread(id, mine.title, { url: ADDRESS }).catch((error) =>
          console.debug('threads', error));
      }

      return {
        ...mine, id, title: mine?.named ? mine.title : title, kept: true, named: undefined,
        updated: Math.max(Date.parse(updatedAt) || 0, mine?.pending ? mine.updated : 0),
      };
    });
    const ids = new Set(there.map(({ id }) => id));

    /* what it had and has no more was removed elsewhere; what it has not had yet
       is in its beginning */
    const others = this.#list.filter(({ id, kept }) => !ids.has(id) && (!kept || answer.before));

    this.#list = [...there, ...others].sort((a, b) => b.updated - a.updated);
    this.#write();
  }

  /**
   * Gives a thread a title.
   *
   * @param {string} id
   * @param {string} title
   */
  async rename(id, title) {
    const named = !await renameThread(id, title, { url: ADDRESS });

    this.put(id, { title, named: named || undefined, updated: this.get(id)?.updated });
  }

  /** newest first */
  get list() {
    return this.#list;
  }

  /** @param {string} id */
  get(id) {
    return this.#list.find((thread) => thread.id === id);
  }

  /**
   * Adds a thread, or changes it.
   *
   * @param {string} id
   * @param {Partial<Thread>} change
   */
  put(id, change) {
    /* another tab may have written since */
    this.#read();

    const thread = { id, title: 'Thread', updated: Date.now(), ...this.get(id), ...change };

    this.#list = [thread, ...this.#list.filter((other) => other.id !== id)]
      .sort((a, b) => b.updated - a.updated);
    this.#write();
  }

  /** @param {string} id */
  remove(id) {
    this.#read();
    this.#list = this.#list.filter((thread) => thread.id !== id);
    this.#write();
  }

  #read() {
    try {
      const list = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      this.#list = list.filter((/** @type {any} */ thread) =>
        typeof thread?.id === 'string' && typeof thread.title === 'string');
    } catch {
      /* no storage, or not ours: the list lives as long as the page */
    }
  }

  #write() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#list));
    } catch {
      /* as above */
    }
    this.dispatchEvent(new Event('change'));
  }
}
