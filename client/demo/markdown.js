/**
 * A text in Markdown, shown block by block. A block that is whole is read and
 * made once; the one that grows is changed where it differs from what is shown.
 *
 * marked, which reads it, comes as a plain script. Without it the text is
 * shown as it is.
 */

import { lastBlock, lex, prepare } from './grammar.js';
import { morph } from './morph.js';
import { block } from './prose.js';

/* the part of the time that showing may take, while there is more to come */
const SHARE = 1 / 5;

/**
 * Keeps an element's content equal to a text.
 */
export class Markdown {
  /** @type {{raw: string, unfinished: boolean, nodes: any[], depths: number[]}[]} */
  #blocks = [];
  #element;
  #text = '';
  #shown = '';
  #scheduled = 0;
  #cost = 0;
  #onShown;

  /* what is whole: so many blocks, and their text */
  #whole = 0;
  #head = '';
  /** @type {Record<string, any>} */
  #links = Object.create(null);
  /** @type {import('./chunks.js').Known} */
  #known = new Map();

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
      Math.max(16, this.#cost * (1 / SHARE - 1)));
  }

  /** Shows what there is. */
  flush() {
    this.#unschedule();

    if (this.#text !== this.#shown) {
      const start = performance.now();

      this.#show(true);
      /* what it takes to lay it out as well */
      this.#onShown();
      this.#cost = performance.now() - start;
    }
  }

  /** @param {string} text that more may follow */
  set(text) {
    this.#text = text;
    this.flush();
  }

  /**
   * Nothing more comes: what is open is what it says, references lead somewhere.
   *
   * @param {string} [text]
   */
  finish(text = this.#text) {
    this.#unschedule();
    this.#text = text;
    this.#show(false);
    this.#onShown();
  }

  #unschedule() {
    clearTimeout(this.#scheduled);
    this.#scheduled = 0;
  }

  /** @param {boolean} streaming */
  #show(streaming) {
    const { marked } = /** @type {any} */ (window);

    this.#shown = this.#text;
    this.#element.classList.toggle('plain', !marked);

    if (!marked) {
      this.#element.textContent = this.#text;
      this.#element.dir = 'auto';
      return;
    }

    const text = prepare(this.#text, streaming);

    if (!streaming || !text.startsWith(this.#head)) {
      this.#whole = 0;
      this.#head = '';
      this.#links = Object.create(null);
    }

    const read = () => lex(text.slice(this.#head.length), streaming, this.#links, this.#known);
    let tokens = read();

    if (!streaming && Object.keys(this.#links).length) {
      /* what was read, and shown, before its reference was defined */
      this.#known.clear();
      tokens = read();
      this.#blocks.forEach((it) => { it.raw = it.raw.includes('[') ? '' : it.raw; });
    }

    this.#update(tokens);

    if (streaming) {
      this.#settle(text, tokens);
    } else {
      this.#known.clear();
    }
  }

  /** @param {any[]} tokens those after what is whole */
  #update(tokens) {
    const blocks = this.#blocks;
    let next = this.#whole;
    let depths = blocks[next - 1]?.depths ?? [];

    for (const { raw, unfinished = false, ...token } of tokens) {
      const shown = blocks[next];

      /* the headings that a block is below, and itself, by their depth: none
         is left out, wherever a text begins to count */
      if (token.type === 'heading') {
        depths = [...depths.filter((depth) => depth < token.depth), token.depth];
      }

      if (shown?.raw !== raw || shown.unfinished !== unfinished
        || shown.depths.length !== depths.length) {
        const nodes = block({ raw, ...token }, depths.length + 2);

        /* each has its own direction */
        for (const node of nodes) {
          node.dir ||= 'auto';
        }

        if (shown) {
          this.#replace(next, nodes);
          Object.assign(shown, { raw, unfinished, depths });
        } else {
          this.#element.append(...nodes);
          blocks.push({ raw, unfinished, nodes, depths });
        }
      }
      next++;
    }

    for (const { nodes } of blocks.splice(next)) {
      nodes.forEach((node) => node.remove());
    }
  }

  /** @param {number} at @param {HTMLElement[]} nodes */
  #replace(at, nodes) {
    const shown = this.#blocks[at];

    if (shown.nodes.length === nodes.length) {
      shown.nodes = shown.nodes.map((node, i) => morph(node, nodes[i]));
      return;
    }

    const after = this.#blocks.slice(at + 1).flatMap((it) => it.nodes)[0] ?? null;

    shown.nodes.forEach((node) => node.remove());
    nodes.forEach((node) => this.#element.insertBefore(node, after));
    shown.nodes = nodes;
  }

  /**
   * All but the last block stay as they are, whatever comes.
   *
   * @param {string} text
   * @param {any[]} tokens
   */
  #settle(text, tokens) {
    let end = this.#head.length;

    for (const { raw } of tokens.slice(0, Math.max(0, lastBlock(tokens)))) {
      if (!text.startsWith(raw, end)) {
        break;
      }
      end += raw.length;
      this.#whole++;
    }

    this.#head = text.slice(0, end);
  }
}
