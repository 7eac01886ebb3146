/**
 * What somebody has said, as it is shown: words, images, what he decided.
 */

import { h } from './dom.js';

/** @typedef {import('../src/index.js').Content} Content */

/* the page's policy shows no image of another host: that is a link */
const IMAGE = /^data:image\//;

/**
 * What a question was answered with, in words.
 *
 * @param {any} value
 * @returns {string}
 */
export function wordsOf(value) {
  const one = value?.decisions?.[0] ?? value?.[0] ?? value;

  if (typeof value === 'string') {
    return value;
  }
  if (typeof (value?.approved ?? value) === 'boolean') {
    return value.approved ?? value ? 'Yes.' : 'No.';
  }
  if (typeof one?.args === 'string') {
    return one.args;
  }
  if (typeof one?.message === 'string') {
    return one.message;
  }
  return typeof one?.type === 'string' ? `${one.type[0].toUpperCase()}${one.type.slice(1)}.`
    : JSON.stringify(value);
}

/** @param {any} part */
function shown({ type, text, url = '', filename }) {
  const name = filename ?? type;

  if (type === 'text') {
    return h('p', { dir: 'auto' }, text);
  }
  if (type === 'image' && IMAGE.test(url)) {
    return h('img', { class: 'picture', src: url, alt: filename ?? 'An image that you sent' });
  }
  return h('p', {}, /^https:/.test(url)
    ? h('a', { href: url, rel: 'noreferrer', target: '_blank' }, name) : name);
}

/**
 * @param {Content | undefined} content
 * @param {import('./turn.js').Beside} beside
 */
export function asked(content, { answers = [], toolResults = [] }) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content ?? [];
  const decided = [
    ...answers.map(({ value }) => wordsOf(value)),
    ...toolResults.filter(({ error }) => !error).map(({ output }) => wordsOf(output)),
  ];

  return [...parts.map(shown), ...decided.map((text) => h('p', { dir: 'auto' }, text))];
}
