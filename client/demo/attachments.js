/**
 * Images that go with a message: pasted, dropped on the page, or chosen.
 */

import { announce } from './announce.js';
import { byId, h, icon, ICONS } from './dom.js';

/** @typedef {{type: 'image', url: string, mediaType?: string, filename?: string}} Picture */

/* what every agent that sees images takes */
const TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** @param {File} file @returns {Promise<string>} */
const dataUrl = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();

  reader.onload = () => resolve(/** @type {string} */ (reader.result));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

export class Attachments {
  /** @type {Picture[]} */
  #list = [];
  #element = byId('attachments');
  #notice = byId('not-taken');
  #onChanged;
  /* what is read is of the message that it was added to */
  #message = {};
  /** @type {Promise<void> | null} what is being read is there then */
  reading = null;

  /** @param {() => void} onChanged */
  constructor(onChanged) {
    const chosen = byId('files');
    const chat = byId('chat');

    this.#onChanged = onChanged;
    byId('attach').addEventListener('click', () => chosen.click());
    chosen.addEventListener('change', () => {
      this.add([...chosen.files]);
      chosen.value = '';
    });
    /* who writes on has read it */
    byId('input').addEventListener('input', () => { this.#notice.hidden = true; });
    byId('input').addEventListener('paste', (/** @type {ClipboardEvent} */ event) => {
      const files = [...event.clipboardData?.files ?? []];

      /* a text comes with a picture of itself from some programs */
      if (files.length && !event.clipboardData?.types.includes('text/plain')) {
        event.preventDefault();
        this.add(files);
      }
    });

    const dragged = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
    const over = (/** @type {boolean} */ is) => chat.classList.toggle('dropping', is);

    /* wherever: elsewhere the browser would show the file in the page's place */
    document.addEventListener('dragover', (event) => {
      if (dragged(event)) {
        event.preventDefault();
        over(true);
      }
    });
    document.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!relatedTarget) {
        over(false);
      }
    });
    document.addEventListener('drop', (event) => {
      over(false);
      if (dragged(event)) {
        event.preventDefault();
        this.add([...event.dataTransfer?.files ?? []]);
      }
    });
  }

  get list() {
    return this.#list;
  }

  set list(list) {
    this.#message = {};
    this.#set(list);
  }

  /** what they add to the message, in bytes */
  get size() {
    return this.#list.length && JSON.stringify(this.#list).length;
  }

  /** @param {File[]} files */
  add(files) {
    const reading = Promise.all([this.reading, this.#read(files)]).then(() => {
      if (this.reading === reading) {
        this.reading = null;
      }
    });

    this.reading = reading;
  }

  /** @param {File[]} files */
  async #read(files) {
    const taken = files.filter(({ type }) => TYPES.includes(type));
    const message = this.#message;
    const refused = files.filter((it) => !taken.includes(it))
      .map(({ name }) => `“${name}” is no image that can be sent.`);

    for (const file of taken) {
      try {
        const url = await dataUrl(file);

        if (message !== this.#message) {
          return;
        }
        this.#set([...this.#list,
          { type: 'image', url, mediaType: file.type, filename: file.name }]);
      } catch {
        refused.push(`“${file.name}” cannot be read.`);
      }
    }

    if (refused.length) {
      this.#notice.textContent = `${refused.join(' ')} PNG, JPEG, GIF and WebP can.`;
      this.#notice.hidden = false;
      announce(this.#notice.textContent);
    }
  }

  /** @param {Picture[]} list */
  #set(list) {
    this.#list = list;
    this.#notice.hidden = true;
    this.#element.hidden = list.length === 0;
    this.#element.replaceChildren(...list.map((it) => {
      const name = it.filename ?? 'the image';

      return h('li', {},
        h('img', { src: it.url, alt: name }),
        h('button', {
          class: 'icon-button', type: 'button', 'aria-label': `Remove ${name}`, title: 'Remove',
          onclick: () => {
            this.#set(this.#list.filter((other) => other !== it));
            byId('input').focus();
          },
        }, icon(ICONS.close)));
    }));
    this.#onChanged();
  }
}
