/**
 * The connection's state, as the page shows it: a pill that is always there,
 * and a banner when something can be done.
 */

import { byId } from './dom.js';
import { sentence } from './texts.js';

/** @typedef {import('../src/index.js').ConnectionState} ConnectionState */

export class StatusDisplay {
  #pill = byId('pill');
  #pillText = byId('pill-text');
  #banner = byId('banner');
  #title = byId('banner-title');
  #text = byId('banner-text');
  #action = byId('banner-action');
  #announce;
  #onHidden;
  #timer = 0;
  #said = '';

  /**
   * @param {{
   *   onRetry: () => void,
   *   onHidden: () => void,
   *   announce: (text: string) => void,
   * }} hooks onHidden: the button is gone, and had the focus
   */
  constructor({ onRetry, onHidden, announce }) {
    this.#announce = announce;
    this.#onHidden = onHidden;
    this.#action.addEventListener('click', onRetry);
  }

  /**
   * @param {ConnectionState} state
   * @param {{title: string, advice: string} | null} [refused] what the server
   *   says to a handshake, where that is known
   */
  show(state, refused) {
    const { status, attempt, maxAttempts, retryable, retryAt, offline } = state;
    const reason = sentence(state.reason);
    const focused = document.activeElement === this.#action;

    clearInterval(this.#timer);
    this.#pill.dataset.status = status;
    this.#banner.hidden = true;

    if (status === 'connected') {
      this.#pillText.textContent = 'Connected';
      this.#say(this.#said ? 'Connected again.' : '');
      this.#said = '';

    } else if (status === 'connecting') {
      this.#pillText.textContent = 'Connecting…';

    } else if (refused && status !== 'closed') {
      this.#pillText.textContent = 'Not connected';
      this.#text.textContent = refused.advice;
      this.#say(`${refused.title} ${refused.advice}`);
      this.#open(refused.title, 'Try again', status === 'disconnected' ? retryable : retryAt > 0);

    } else if (offline) {
      this.#pillText.textContent = 'No network';
      this.#text.textContent = 'What you write is sent when it is back.';
      this.#say(`${reason} ${this.#text.textContent}`);
      this.#open(reason, 'Try now', true);

    } else if (status === 'reconnecting' && !attempt) {
      /* at once, after the server's restart: nobody needs to do anything */
      this.#pillText.textContent = 'Coming back…';

    } else if (status === 'reconnecting') {
      const count = maxAttempts < Infinity ? `Attempt ${attempt} of ${maxAttempts}` : `Attempt ${attempt}`;

      if (retryAt) {
        this.#countDown(count, retryAt);
        this.#timer = window.setInterval(() => this.#countDown(count, retryAt), 200);
        this.#say(`${reason} ${count} follows.`);
      } else {
        this.#pillText.textContent = `${count}…`;
        this.#text.textContent = `${count} is under way.`;
      }
      this.#open('Reconnecting.', 'Try now', retryAt > 0);

    } else if (status === 'disconnected') {
      this.#pillText.textContent = 'Disconnected';
      this.#text.textContent = retryable ? `${reason} Trying again can help.`
        : `${reason} Trying again will not help.`;
      this.#say(`Disconnected. ${this.#text.textContent}`);
      this.#open('Disconnected.', 'Reconnect', retryable);
    }

    if (focused && (this.#banner.hidden || this.#action.hidden)) {
      this.#onHidden();
    }
  }

  /** @param {string} title @param {string} action @param {boolean} possible */
  #open(title, action, possible) {
    this.#title.textContent = title;
    this.#action.textContent = action;
    this.#action.hidden = !possible;
    this.#banner.hidden = false;
  }

  /** @param {string} count @param {number} retryAt */
  #countDown(count, retryAt) {
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));

    this.#pillText.textContent = `${count} in ${seconds} s`;
    this.#text.textContent = `${count} in ${seconds} s.`;
  }

  /** @param {string} text once, not with every count */
  #say(text) {
    if (text && text !== this.#said) {
      this.#said = text;
      this.#announce(text);
    }
  }
}
