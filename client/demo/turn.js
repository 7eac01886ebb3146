/**
 * One run on the page: what was asked, and what has become of it.
 */

import { spoken } from './announce.js';
import { asked } from './asked.js';
import { copyButton } from './copy.js';
import { h, icon, ICONS } from './dom.js';
import { Markdown } from './markdown.js';
import { ASKS, choices, question } from './question.js';
import { Steps } from './steps.js';
import { duration, explain, textOf } from './texts.js';

/**
 * @typedef {'idle' | 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'} Phase
 */

/**
 * What a message has beside its content.
 *
 * @typedef {Pick<import('../src/types.js').Beside, 'replaces' | 'answers' | 'toolResults'>} Beside
 */

/**
 * @typedef {object} Hooks
 * @property {(turn: Turn) => void} onRetry
 * @property {(turn: Turn) => void} onEdit
 * @property {(turn: Turn) => void} onAgain another answer is wanted
 * @property {(turn: Turn) => void} onContinue
 * @property {(beside: Beside) => void} onAnswer
 * @property {() => void} onGrown
 */

export class Turn {
  /** @type {Phase} */
  phase = 'idle';
  /** whether it is part of the thread */
  kept = false;
  /** @type {Turn[]} what is not shown while this one runs */
  replaced = [];
  #steps = new Steps();
  #prose = h('div', { class: 'prose' });
  #foot = h('div', { class: 'foot' });
  #questions = h('div', { class: 'questions', hidden: true });
  #answer = h('div', { class: 'answer', hidden: true },
    h('h2', { class: 'visually-hidden' }, 'Answer'), this.#steps.element, this.#prose,
    this.#questions, this.#foot);
  #notice = h('div', { class: 'notice', hidden: true });
  #edit;
  /* its notice offers to continue, which can be done at the thread's end alone */
  #cutOff = false;
  #markdown;
  #hooks;
  #timer = 0;

  /**
   * @param {string} requestId
   * @param {import('../src/index.js').Content | undefined} content
   * @param {Beside} beside
   * @param {Hooks} hooks
   */
  constructor(requestId, content, beside, hooks) {
    this.requestId = requestId;
    this.content = content;
    this.beside = beside;
    this.#hooks = hooks;
    this.#markdown = new Markdown(this.#prose, hooks.onGrown);
    this.#edit = this.#tool('Edit your message', ICONS.pen, () => hooks.onEdit(this));
    this.#edit.hidden = true;
    this.element = h('article', { class: 'turn', 'aria-label': 'Exchange' },
      h('div', { class: 'question' },
        h('h2', { class: 'visually-hidden' }, 'You wrote'),
        ...asked(content, beside),
        h('div', { class: 'question-tools' }, this.#edit,
          content ? copyButton('Copy your message', () => textOf(this.content)) : null)),
      this.#answer, this.#notice);
  }

  /** the answer's texts, block by block, and what is asked */
  get spoken() {
    return [...spoken(this.#prose), ...this.#questions.hidden ? []
      : [...this.#questions.querySelectorAll('p')].map((it) => `The agent asks: ${it.textContent}`)];
  }

  get busy() {
    return this.phase === 'waiting' || this.phase === 'streaming';
  }

  /** @param {Phase} phase @param {boolean} [kept] */
  #enter(phase, kept = false) {
    this.phase = phase;
    this.kept = kept;
    this.element.dataset.phase = phase;
    this.element.setAttribute('aria-busy', String(this.busy));
    this.#edit.hidden = !kept || !this.content;
    clearInterval(this.#timer);
    this.#cutOff = false;
    this.#notice.hidden = true;
    this.#notice.replaceChildren();
  }

  /**
   * From scratch: nothing of an earlier attempt remains.
   *
   * @param {string} [origin] where it comes from, if not from this page
   */
  wait(origin) {
    this.#enter('waiting');
    this.#markdown.set('');
    this.#steps.clear();
    this.#foot.replaceChildren(...origin ? [h('span', {}, origin)] : []);
    this.#questions.replaceChildren();
    this.#answer.hidden = false;
  }

  /**
   * @param {any} event of the server, that is of this run, or about its tools
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
   * An answer that is part of the thread already.
   *
   * @param {string} message
   * @param {any[]} parts what it has beside its text
   */
  recall(message, parts) {
    this.#steps.recall(parts);
    this.finish(message, { interrupts: parts.filter(({ type }) => type === 'interrupt') });
  }

  /**
   * @param {string} message
   * @param {{latencyMs?: number, outputTokens?: number, finishReason?: string,
   *   interrupts?: import('../src/types.js').Interrupt[]}} [detail]
   */
  finish(message, { latencyMs, outputTokens, finishReason, interrupts = [] } = {}) {
    this.#enter('done', true);
    this.#steps.finish();
    this.#answer.hidden = false;
    this.#markdown.finish(message);
    this.#ask(interrupts);
    this.#cutOff = finishReason === 'length';

    const facts = [
      latencyMs === undefined ? '' : duration(latencyMs),
      outputTokens === undefined ? '' : `${outputTokens} tokens`,
    ].filter(Boolean).join(' · ');

    this.#showFoot(facts);

    if (this.#cutOff) {
      this.#show('The answer is cut off.', 'It reached the length that the agent allows.',
        [this.#button('Continue', () => this.#hooks.onContinue(this))]);
    }

    this.#hooks.onGrown();
  }

  /** @param {string} facts */
  #showFoot(facts) {
    this.#foot.replaceChildren(
      copyButton('Copy the answer', () => this.#markdown.text),
      ...this.content ? [this.#tool('Another answer', ICONS.again,
        () => this.#hooks.onAgain(this))] : [],
      h('span', {}, facts));
  }

  /**
   * What the agent asks, with what answers it.
   *
   * @param {{interruptId: string, value: unknown}[]} interrupts
   */
  #ask(interrupts) {
    const { onAnswer } = this.#hooks;
    const open = this.#steps.open;
    const asking = open.filter(({ name }) => ASKS.test(name));
    /** @type {Map<string, unknown>} */
    const decided = new Map();

    /* all calls that are open are answered by one message */
    const decide = (/** @type {string} */ id, /** @type {unknown} */ output) => {
      decided.set(id, output);
      if (decided.size === asking.length) {
        onAnswer({ toolResults: open.map(({ toolCallId }) => (decided.has(toolCallId)
          ? { toolCallId, output: decided.get(toolCallId) }
          : { toolCallId, output: null, error: 'this page runs no tools' })) });
      }
    };

    this.#questions.replaceChildren(
      ...interrupts.map(({ interruptId, value }) => question(choices(value),
        (answer) => onAnswer({ answers: [{ interruptId, value: answer }] }))),
      ...asking.map(({ toolCallId, name, input }) => {
        const form = question({
          text: 'Do you approve?',
          detail: { [name]: input },
          buttons: [['Approve', { approved: true }], ['Decline', { approved: false }]],
        }, (output) => {
          form.classList.add('decided');
          decide(toolCallId, output);
        });
        return form;
      }));
    this.askable(true);
  }

  /** @param {boolean} open whether its questions are those that are open */
  askable(open) {
    this.#questions.hidden = !open || !this.#questions.hasChildNodes();
    if (this.#cutOff) {
      this.#notice.hidden = !open;
    }
  }

  /**
   * What there is stays to be read.
   *
   * @param {string} [said] as it is kept in the thread: some may have come after
   *   the stop; absent where nothing is
   */
  stop(said) {
    const kept = said !== undefined;

    this.#enter('stopped', kept);
    this.#steps.finish();
    this.#markdown.finish(said);
    this.#answer.hidden = !this.#markdown.text && this.#steps.element.hidden;
    if (kept) {
      this.#showFoot('');
    }
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
      this.content ? this.#button('Edit', () => this.#hooks.onEdit(this)) : null,
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

  /** @param {string} label @param {string} path @param {() => void} onclick */
  #tool(label, path, onclick) {
    return h('button', { class: 'copy', type: 'button', 'aria-label': label, title: label, onclick },
      icon(path));
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
