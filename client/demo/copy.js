/**
 * Buttons that copy.
 */

import { announce } from './announce.js';
import { h, icon, ICONS } from './dom.js';

/**
 * @param {string} label
 * @param {(button: HTMLElement) => string} text
 */
export function copyButton(label, text) {
  const restore = () => button.replaceChildren(icon(ICONS.copy));
  const button = h('button', {
    class: 'copy', type: 'button', 'aria-label': label, title: label,
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text(button));
      } catch {
        announce('It could not be copied.');
        return;
      }
      announce('Copied.');
      button.replaceChildren(icon(ICONS.done));
      button.addEventListener('pointerleave', restore, { once: true });
      button.addEventListener('blur', restore, { once: true });
    },
  }, icon(ICONS.copy));

  /* pages that came by plain http from another machine have no clipboard */
  button.hidden = !navigator.clipboard;

  return button;
}
