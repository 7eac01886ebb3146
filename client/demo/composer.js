/**
 * The message box: what is written for a thread, and when it is sent.
 */

import { announce } from './announce.js';
import { Attachments } from './attachments.js';
import { byId } from './dom.js';
import { draftOf, keepDraft } from './drafts.js';
import { askLimit, sizeOf } from './endpoint.js';
import { bytes } from './texts.js';

/** @typedef {import('../src/index.js').Content} Content */

/* what a finger types on: there Enter begins a line, as in every message box */
const TOUCH = matchMedia('(pointer: coarse)');

const RIGHT_TO_LEFT = /^[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * Of a text's first letter. `auto` would be the browser's to find: it takes
 * minutes for what a file holds that is pasted.
 *
 * @param {string} text
 */
function direction(text) {
  return RIGHT_TO_LEFT.test(/\p{L}/u.exec(text)?.[0] ?? '') ? 'rtl' : 'ltr';
}

export class Composer {
  #form = byId('composer');
  #input = byId('input');
  #button = byId('send');
  #notice = byId('too-large');
  #editing = byId('editing');
  #attachments = new Attachments(() => this.#changed());
  /** @type {Map<string, import('./attachments.js').Picture[]>} of threads that are
   *  not shown: too large for the browser's storage */
  #pictures = new Map();
  #threadId = '';
  #limit = Infinity;
  /** @type {string | null} the run that the message is to replace */
  #edits = null;
  /** @type {Content} what was in the box before */
  #before = '';
  #onSend;

  /** @param {(content: Content, edits: string | null) => void} onSend */
  constructor(onSend) {
    this.#onSend = onSend;
    byId('editing-leave').addEventListener('click', () => {
      this.leaveEdit();
      this.enter();
    });

    this.#form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener('input', () => this.#changed());
    this.#input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Enter' && !event.shiftKey && !TOUCH.matches && !composing(event)) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });

    TOUCH.addEventListener('change', () => this.#adapt());
    this.#adapt();
  }

  /** @param {string} threadId whose message is written from now on */
  open(threadId) {
    this.leaveEdit();
    this.#pictures.set(this.#threadId, this.#attachments.list);
    this.#threadId = threadId;
    this.text = draftOf(threadId);
    this.#attachments.list = this.#pictures.get(threadId) ?? [];

    if (this.#limit === Infinity) {
      askLimit(threadId).then((limit) => {
        this.#limit = limit;
        this.#check();
      });
    }
  }

  get text() {
    return this.#input.value;
  }

  set text(text) {
    this.#input.value = text;
    this.#changed();
  }

  get empty() {
    return !this.text.trim() && !this.#attachments.list.length;
  }

  /** @returns {Content} */
  get content() {
    const { text } = this;
    const pictures = this.#attachments.list;

    return !pictures.length ? text
      : [...pictures, ...text.trim() ? [{ type: /** @type {const} */ ('text'), text }] : []];
  }

  set content(content) {
    const parts = typeof content === 'string' ? [] : content;

    this.#attachments.list = /** @type {import('./attachments.js').Picture[]} */ (
      parts.filter((part) => part.type === 'image'));
    this.text = typeof content === 'string' ? content
      : parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n');
  }

  get editing() {
    return this.#edits !== null;
  }

  /**
   * Puts a message into the box that is to replace a run, and all after it.
   *
   * @param {Content} content
   * @param {string} requestId
   */
  edit(content, requestId) {
    this.leaveEdit();
    this.#before = this.content;
    this.#edits = requestId;
    this.#editing.hidden = false;
    this.content = content;
    this.enter();
  }

  /** What was in the box is there again. */
  leaveEdit() {
    if (this.editing) {
      this.content = this.#before;
      this.#edits = null;
      this.#editing.hidden = true;
    }
  }

  /* not where that would raise a keyboard on the screen, unasked: there to what
     is to be read, unless nothing has been touched yet */
  focus() {
    if (!TOUCH.matches) {
      this.#input.focus();
    } else if (navigator.userActivation?.hasBeenActive) {
      byId('scroller').focus();
    }
  }

  /** the box itself, since it was asked for */
  enter() {
    this.#input.focus();
  }

  #submit() {
    if (this.#attachments.reading) {
      this.#attachments.reading.then(() => this.#submit());
      return;
    }
    if (!this.empty && this.#check()) {
      const { content } = this;
      const edits = this.#edits;

      if (this.editing) {
        this.leaveEdit();
      } else {
        this.content = '';
      }
      this.#onSend(content, edits);
    } else if (!this.empty) {
      announce(this.#notice.textContent);
    }
    if (document.activeElement === this.#button) {
      this.focus();
    }
  }

  #changed() {
    if (!CSS.supports('field-sizing', 'content')) {
      this.#input.style.height = 'auto';
      this.#input.style.height = `${this.#input.scrollHeight}px`;
    }
    this.#input.dir = direction(this.text);
    if (!this.editing) {
      keepDraft(this.#threadId, this.text);
    }
    this.#button.disabled = this.empty;
    this.#check();
  }

  /** Whether the server takes a message of this size; says so where not. */
  #check() {
    const { text } = this;
    const others = this.#attachments.size;

    /* a character has six bytes at most; what is far from that is not counted */
    const over = text.length * 6 + others + 512 > this.#limit
      ? sizeOf(this.#threadId, this.content, this.#edits) - this.#limit : 0;

    this.#notice.hidden = over <= 0;
    this.#input.setAttribute('aria-invalid', String(over > 0));
    if (over > 0) {
      this.#notice.textContent = `This message is too large by ${bytes(over)}: the server takes `
        + `${bytes(this.#limit)} at most. It is not sent before it ${
          others >= over ? 'has fewer or smaller images' : 'is shorter'}.`;
    }

    return over <= 0;
  }

  #adapt() {
    const touch = TOUCH.matches;

    this.#input.setAttribute('enterkeyhint', touch ? 'enter' : 'send');
    this.#button.title = touch ? 'Send' : 'Send (Enter)';
    byId('hint').hidden = touch;
    byId('hint-touch').hidden = !touch;
    this.#input.setAttribute('aria-describedby', touch ? 'hint-touch' : 'hint');
  }
}

/**
 * Whether a key belongs to an input method. Safari ends the composition before
 * it tells of the key that did so, and leaves its code alone to say it.
 *
 * @param {KeyboardEvent} event
 */
export const composing = (event) => event.isComposing || event.keyCode === 229;
