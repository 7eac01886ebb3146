/**
 * What is told to those who do not see the page.
 */

import { byId, h } from './dom.js';

/**
 * Says each of the texts apart. The same words twice are said twice.
 *
 * @param {...string} texts
 */
export function announce(...texts) {
  byId('announcer').replaceChildren(...texts.map((text) => h('p', {}, text)));
}

/* what is a unit of its own when it is read */
const APART = 'p, h3, h4, h5, h6, li, tr, pre, .formula, .code-head';

/**
 * The texts of an answer, block by block.
 *
 * @param {Element} element
 */
export function spoken(element) {
  /** @type {string[]} */
  const texts = [''];

  /** @param {string} text */
  const say = (text) => { texts[texts.length - 1] += text; };

  /** @param {Node} node */
  const read = (node) => {
    if (!(node instanceof HTMLElement)) {
      say(node.nodeType === Node.TEXT_NODE ? /** @type {Text} */ (node).data : '');
    } else if (node.dataset.tex !== undefined) {
      say(node.dataset.tex);
    } else if (node.tagName !== 'BUTTON') {
      const apart = node.matches(APART);

      if (apart) {
        texts.push(node.matches('.code-head') ? 'Code, ' : '');
      }
      node.childNodes.forEach(read);
      if (apart) {
        texts.push('');
      } else if (node.matches('br, th, td')) {
        say(node.tagName === 'BR' ? ' ' : ', ');
      }
    }
  };

  read(element);

  return texts.map((text) => text.replace(/[\s,]+$/, '').trimStart()).filter(Boolean);
}
