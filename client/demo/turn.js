/**
 * One run on the page: what was asked, and what has become of it.
 */

import { spoken } from './announce.js';
import { copyButton } from './copy.js';
import { h } from './dom.js';
import { Markdown } from './markdown.js';
import { Steps } from './steps.js';
import { duration, explain } from './texts.js';

/**
 * @typedef {'idle' | 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'} Phase
 */

export class Turn {
  /** @type {Phase} */
  phase = 'idle';
  #steps = new Steps();
  #prose = h('div', { class: 'prose' });
  #answer = h('div', { class: 'answer', hidden: true },
    h('h2', { class: 'visually-hidden' }, 'Answer'), this.#steps.element, this.#prose);
  #foot = h('div', { class: 'foot' });
  #notice = h('div', { class: 'notice', hidden: true });
  #markdown;
  #hooks;
  #timer = 0;

  /**
   * @param {string} requestId
   * @param {string} content
   * @param {{
   *   onRetry: (turn: Turn) => void,
   *   onEdit: (turn: Turn) => void,
   *   onContinue: (turn: Turn) => void,
   *   onGrown: () => void,
   * }} hooks
   */
  constructor(requestId, content, hooks) {
    this.requestId = requestId;
    this.content = content;
    this.#hooks = hooks;
    this.#markdown = new Markdown(this.#prose, hooks.onGrown);
    this.element = h('article', { class: 'turn', 'aria-label': 'Exchange' },
      h('div', { class: 'question' },
        h('h2', { class: 'visually-hidden' }, 'You wrote'),
        h('p', { dir: 'auto' }, content),
        copyButton('Copy your message', () => this.content)),
      this.#answer, this.#notice);
    this.#answer.append(this.#foot);
  }

  /** the answer's texts, block by block */
  get spoken() {
    return spoken(this.#prose);
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.phase = phase;
    this.element.dataset.phase = phase;
    this.element.setAttribute('aria-busy',
      String(phase === 'waiting' || phase === 'streaming'));
    clearInterval(this.#timer);
    this.#notice.hidden = true;
    this.#notice.replaceChildren();
  }

  /** from scratch: nothing of an earlier attempt remains */
  wait() {
    this.#enter('waiting');
    this.#markdown.set('');
    this.#steps.clear();
    this.#foot.replaceChildren();
    this.#answer.hidden = false;
  }

  /**
   * @param {any} event of the server, that is of this run
   */
  hear(event) {
    if (this.#steps.hear(event)) {
      this.#hooks.onGrown();
    }
  }

  /** @param {string} delta */
  append(delta) {
    if (this.phase !== 'streaming') {
      this.#enter('streaming');
    }
    this.#markdown.append(delta);
  }

  /**
   * @param {string} message
   * @param {{latencyMs?: number, outputTokens?: number, finishReason?: string}} [detail]
   */
  finish(message, { latencyMs, outputTokens, finishReason } = {}) {
    this.#enter('done');
    this.#steps.finish();
    this.#answer.hidden = false;
    this.#markdown.finish(message);

    const facts = [
      latencyMs === undefined ? '' : duration(latencyMs),
      outputTokens === undefined ? '' : `${outputTokens} tokens`,
    ].filter(Boolean).join(' · ');

    this.#foot.replaceChildren(
      copyButton('Copy the answer', () => this.#markdown.text),
      h('span', {}, facts));

    if (finishReason === 'length') {
      const more = this.#button('Continue', () => {
        this.#notice.hidden = true;
        this.#hooks.onContinue(this);
      });

      this.#show('The answer is cut off.', 'It reached the length that the agent allows.', [more]);
    }

    this.#hooks.onGrown();
  }

  /**
   * What there is stays to be read.
   *
   * @param {boolean} kept whether it is part of the thread
   */
  stop(kept) {
    this.#enter('stopped');
    this.#steps.finish();
    this.#markdown.finish();
    this.#answer.hidden = !this.#markdown.text;
    this.#show('Stopped.', kept ? 'The thread keeps what there is.'
      : 'This exchange is not kept in the thread.', kept ? [] : [
      this.#button('Try again', () => this.#hooks.onRetry(this)),
      this.#button('Edit', () => this.#hooks.onEdit(this)),
    ]);
  }

  /**
   * @param {{code: string, message: string, retryable: boolean, retryAfterMs?: number, closeCode?: number}} error
   * @param {{title: string, advice: string} | null} [refused] what is known to be
   *   behind it
   */
  fail(error, refused) {
    const { title, advice } = refused ?? explain(error, this.#markdown.text !== '');
    const again = this.#button('Try again', () => this.#hooks.onRetry(this), true);

    this.#enter('failed');
    this.#markdown.set('');
    this.#answer.hidden = true;
    this.#show(title, advice, [
      error.retryable ? again : null,
      this.#button('Edit', () => this.#hooks.onEdit(this)),
    ]);

    if (error.retryable && error.retryAfterMs) {
      this.#countDown(again, Date.now() + error.retryAfterMs);
    }
  }

  /** @param {HTMLElement} button @param {number} until */
  #countDown(button, until) {
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.toggleAttribute('disabled', left > 0);
      button.textContent = left > 0 ? `Try again in ${left} s` : 'Try again';
      if (left <= 0) {
        clearInterval(this.#timer);
      }
    };

    this.#timer = window.setInterval(tick, 250);
    tick();
  }

  /** @param {string} label @param {() => void} onclick */
  #button(label, onclick, primary = false) {
    return h('button',
      { class: primary ? 'button primary' : 'button', type: 'button', onclick }, label);
  }

  /** @param {string} title @param {string} text @param {(HTMLElement | null)[]} buttons */
  #show(title, text, buttons) {
    this.#notice.append(
      h('p', {}, h('strong', {}, title), ` ${text}`),
      h('div', { class: 'notice-buttons' }, ...buttons));
    this.#notice.hidden = false;
    this.#hooks.onGrown();
  }
}
