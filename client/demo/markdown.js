/**
 * A text in Markdown, shown block by block, so that a long answer that streams
 * is not laid out anew with every token.
 *
 * marked, which reads it, comes as a plain script. Without it the text is
 * shown as it is.
 */

import { block } from './prose.js';

const OPTIONS = { gfm: true, breaks: true };

/**
 * Keeps an element's content equal to a text.
 */
export class Markdown {
  /** @type {{raw: string, nodes: any[]}[]} */
  #blocks = [];
  #element;
  #text = '';
  #shown = '';
  #scheduled = 0;
  #cost = 0;
  #onShown;

  /**
   * @param {HTMLElement} element
   * @param {() => void} [onShown] the element has changed
   */
  constructor(element, onShown = () => {}) {
    this.#element = element;
    this.#onShown = onShown;
  }

  get text() {
    return this.#text;
  }

  /**
   * Shows more, soon: as often as leaves time for the rest of the page.
   *
   * @param {string} delta
   */
  append(delta) {
    this.#text += delta;
    this.#scheduled ||= window.setTimeout(() => this.flush(),
      Math.max(16, 4 * this.#cost));
  }

  /** Shows what there is. */
  flush() {
    clearTimeout(this.#scheduled);
    this.#scheduled = 0;

    if (this.#text !== this.#shown) {
      const start = performance.now();
      this.#render();
      this.#shown = this.#text;
      this.#cost = performance.now() - start;
      this.#onShown();
    }
  }

  /** @param {string} text */
  set(text) {
    this.#text = text;
    this.flush();
  }

  /** Shows all of it anew: references may have been defined at the end. */
  finish() {
    if (/^ {0,3}\[[^\]]+\]:/m.test(this.#text)) {
      this.#blocks = [];
      this.#element.replaceChildren();
      this.#shown = '';
    }
    this.flush();
  }

  #render() {
    const { marked } = /** @type {any} */ (window);

    this.#element.classList.toggle('plain', !marked);
    if (!marked) {
      this.#element.textContent = this.#text;
      return;
    }

    const tokens = marked.lexer(this.#text, OPTIONS);
    let same = 0;

    while (same < tokens.length && this.#blocks[same]?.raw === tokens[same].raw) {
      same++;
    }

    for (const { nodes } of this.#blocks.splice(same)) {
      nodes.forEach((node) => node.remove());
    }

    for (const token of tokens.slice(same)) {
      const nodes = block(token);

      this.#blocks.push({ raw: token.raw, nodes });
      this.#element.append(...nodes);
    }
  }
}
