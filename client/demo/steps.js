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
const written = (value) => typeof value === 'string' ? value : JSON.stringify(value, null, 2);

/** A line, and what it unfolds to. */
class Step {
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

  /** @param {...(Node | string)} content */
  show(...content) {
    this.#body.replaceChildren(...content);
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
      this.#tools.set(event.toolCallId, this.#add(new Step(`Tool: ${event.name}`)));
      return true;

    case 'tool-input':
      tool?.write(event.value);
      return true;

    case 'tool-call-end':
      tool?.show(h('pre', {}, event.input === undefined ? pretty(tool.text)
        : written(event.input)));
      tool?.say(tool.name);
      return true;

    case 'tool-result':
      tool?.show(h('pre', {}, pretty(tool.text)), event.error ? 'It failed:' : 'It gave:',
        h('pre', {}, written(event.error ?? event.output)));
      tool?.say(event.error ? `${tool.name} (failed)` : tool.name);
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

  /** Nothing goes on any more. */
  finish() {
    this.#pause();
    this.#tools.forEach((step) => step.rest());
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
