/**
 * The list of threads, in the browser's storage and shared by its tabs.
 */

/**
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} title
 * @property {number} updated ms since the epoch
 * @property {{requestId: string, content: string}} [pending] a message whose
 *   answer has not come yet
 */

const KEY = 'threads';

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
