/**
 * What an agent does besides its answer: it thinks, and calls tools. Each is a
 * line that unfolds.
 */

import { h } from './dom.js';

/** @param {string} text JSON, or the beginning of it */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {unknown} value */
const written = (value) => (typeof value === 'string' ? value
  : JSON.stringify(value, null, 2) ?? '');

/** A line, and what it unfolds to. */
class Step {
  /** of a tool's call: all that is known of it */
  call = { toolCallId: '', name: '', input: /** @type {unknown} */ (undefined) };
  settled = false;
  #summary = h('summary');
  #body = h('div', { class: 'step-body', dir: 'auto' });

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.text = '';
    this.element = h('details', { class: 'step' }, this.#summary, this.#body);
    this.say(name, true);
  }

  /** @param {string} title @param {boolean} [busy] */
  say(title, busy = false) {
    this.#summary.textContent = title;
    this.element.classList.toggle('going-on', busy);
  }

  rest() {
    this.element.classList.remove('going-on');
  }

  /** @param {string} text */
  write(text) {
    this.text += text;
    this.#body.textContent = this.text;
  }

  /** @param {unknown} input of the tool, now that it is whole */
  take(input = pretty(this.text)) {
    this.call.input = input;
    this.#body.replaceChildren(h('pre', {}, written(input)));
    this.say(this.name);
  }

  /** @param {{output?: unknown, error?: string}} result */
  settle({ output, error }) {
    this.settled = true;
    this.#body.replaceChildren(h('pre', {}, written(this.call.input ?? pretty(this.text))),
      error ? 'It failed:' : 'It gave:', h('pre', {}, written(error ?? output)));
    this.say(error ? `${this.name} (failed)` : this.name);
  }
}

export class Steps {
  element = h('div', { class: 'steps', hidden: true });
  /** @type {Step | null} */
  #thought = null;
  #began = 0;
  /** @type {Map<string, Step>} */
  #tools = new Map();

  clear() {
    this.#thought = null;
    this.#tools.clear();
    this.element.replaceChildren();
    this.element.hidden = true;
  }

  /**
   * @param {any} event of the server
   * @returns {boolean} whether it was one of these
   */
  hear(event) {
    const tool = this.#tools.get(event.toolCallId);

    switch (event.type) {
    case 'reasoning':
      this.#think(event.value);
      return true;

    case 'tool-call':
      this.#pause();
      this.#call(event);
      return true;

    case 'tool-input':
      tool?.write(event.value);
      return true;

    case 'tool-call-end':
      tool?.take(event.input);
      return true;

    case 'tool-result':
      tool?.settle(event);
      return true;

    case 'token':
      this.#pause();
      return false;

    case 'reset':
      this.clear();
      return false;

    default:
      return false;
    }
  }

  /** calls that nobody has answered */
  get open() {
    return [...this.#tools.values()].filter(({ settled }) => !settled).map(({ call }) => call);
  }

  /**
   * Those of an answer that is part of the thread already.
   *
   * @param {any[]} parts
   */
  recall(parts) {
    for (const part of parts) {
      const { type, text, input, own } = part;

      if (type === 'reasoning') {
        this.#think(text ?? '');
        this.#pause();
      } else if (type === 'tool-call') {
        const step = this.#call(part);

        step.take(input);
        step.settled = !!own;
      } else if (type === 'tool-result') {
        this.hear(part);
      }
    }
  }

  /** Nothing goes on any more. */
  finish() {
    this.#pause();
    this.#tools.forEach((step) => step.rest());
  }

  /** @param {{toolCallId: string, name: string}} event */
  #call({ toolCallId, name }) {
    const step = this.#add(new Step(`Tool: ${name}`));

    Object.assign(step.call, { toolCallId, name });
    this.#tools.set(toolCallId, step);
    return step;
  }

  /** @param {Step} step */
  #add(step) {
    this.element.append(step.element);
    this.element.hidden = false;
    return step;
  }

  /** @param {string} text */
  #think(text) {
    if (!this.#thought) {
      this.#thought = this.#add(new Step('Thinking'));
      this.#began = performance.now();
    }
    this.#thought.write(text);
  }

  /** what is thought from here on is another thought */
  #pause() {
    const seconds = Math.round((performance.now() - this.#began) / 1000);

    this.#thought?.say(seconds ? `Thought for ${seconds} s` : 'Thought about it');
    this.#thought = null;
  }
}
