/**
 * Markdown's tokens to elements.
 *
 * No markup is ever parsed: each element is made here by name, raw HTML stays
 * the text it is, and an address leads somewhere only if it is a web or mail
 * address. So nothing that an answer says can become code, and the page's
 * policy can forbid every way to make markup from strings.
 */

import { copyButton } from './copy.js';
import { h } from './dom.js';
import { untab } from './grammar.js';
import { highlighted } from './highlight.js';
import { formula } from './math.js';

/** @typedef {any} Token a token of marked's lexer */

/** @type {Record<string, string>} */
const ENTITIES = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©',
  reg: '®', trade: '™', hellip: '…', mdash: '—', ndash: '–', bull: '•',
  middot: '·', times: '×', divide: '÷', deg: '°', plusmn: '±', euro: '€',
  pound: '£', larr: '←', rarr: '→', uarr: '↑', darr: '↓', le: '≤', ge: '≥',
  ne: '≠', laquo: '«', raquo: '»', sect: '§', para: '¶', infin: '∞',
};

/** @param {string} text */
function decode(text) {
  return text.replace(/&(#\d{1,7}|#x[\da-f]{1,6}|[a-z]+\d*);/gi, (whole, name) => {
    if (name[0] !== '#') {
      return ENTITIES[name] ?? whole;
    }
    const code = /x/i.test(name[1]) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}

/** @param {string} href */
function isSafe(href) {
  try {
    /* a relative one would lead into this page */
    return ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol);
  } catch {
    return false;
  }
}

/** @param {string} address @param {(Node | string)[]} children @param {string} [title] */
function link(address, children, title) {
  /* marked has escaped some of them, as for markup */
  const href = decode(address);

  return isSafe(href)
    ? h('a', { href, title: title ? decode(title) : undefined, target: '_blank',
      rel: 'noopener noreferrer' }, ...children)
    : h('span', {}, ...children);
}

/** @param {string} raw with its backticks */
function codeOf(raw) {
  const text = raw.replace(/^(`+)([^]*)\1$/, '$2').replace(/\n/g, ' ');
  return /^ .*[^ ].* $/.test(text) ? text.slice(1, -1) : text;
}

/**
 * @param {Token[]} tokens
 * @returns {(Node | string)[]}
 */
function inline(tokens = []) {
  return tokens.map((token) => {
    switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return h(token.type, {}, ...inline(token.tokens));
    case 'codespan':
      return h('code', {}, codeOf(token.raw));
    case 'br':
      return h('br');
    case 'escape':
      return token.raw.slice(1);
    case 'link':
      return link(token.href, inline(token.tokens), token.title);
    case 'image':
      /* the page asks no other host for anything: a picture is a link */
      return link(token.href, [decode(token.text) || 'picture'], token.title);
    case 'checkbox':
      return '';
    case 'math':
      return formula(token);
    case 'piece':
      return h('span', { 'data-whole': token.key }, ...inline(token.tokens));
    default:
      return token.tokens ? h('span', {}, ...inline(token.tokens)) : decode(token.raw);
    }
  });
}

/** @param {Token} token */
function code({ text, lang }) {
  const language = /^[\w+#.-]+/.exec(lang ?? '')?.[0] ?? 'text';
  const button = copyButton('Copy the code',
    (it) => it.closest('.code')?.querySelector('code')?.textContent ?? '');

  button.dataset.whole = 'copy';

  return h('div', { class: 'code', dir: 'ltr' },
    h('div', { class: 'code-head' }, h('span', {}, language), button),
    h('pre', { tabindex: '0', role: 'group', 'aria-label': `Code, ${language}` },
      highlighted(untab(text), language)));
}

/** @param {Token} token */
function list({ ordered, start, items }) {
  return h(ordered ? 'ol' : 'ul',
    { start: ordered && start !== 1 ? String(start) : undefined },
    ...items.map((/** @type {Token} */ { task, checked, loose, tokens }) =>
      h('li', { class: task ? 'task' : undefined },
        task ? (checked ? '☑ ' : '☐ ') : null,
        ...tokens.flatMap((/** @type {Token} */ token) =>
          token.type === 'text' && !loose ? inline(token.tokens) : block(token)))));
}

/** @param {Token} token */
function table({ header, rows, align }) {
  /** @param {string} tag */
  const cell = (tag) => (/** @type {Token} */ { tokens }, /** @type {number} */ i) =>
    h(tag, { class: align[i] ? `align-${align[i]}` : undefined,
      scope: tag === 'th' ? 'col' : undefined }, ...inline(tokens));

  return h('div', { class: 'table', tabindex: '0', role: 'group', 'aria-label': 'Table' },
    h('table', {},
      h('thead', {}, h('tr', {}, ...header.map(cell('th')))),
      h('tbody', {}, ...rows.map((/** @type {Token[]} */ row) =>
        h('tr', {}, ...row.map(cell('td')))))));
}

/**
 * @param {Token} token one of a text's blocks
 * @param {number} [level] of a heading; within another block it is none
 * @returns {HTMLElement[]}
 */
export function block(token, level) {
  switch (token.type) {
  case 'space':
  case 'def':
  case 'checkbox':
    return [];
  case 'heading':
    return [level ? h(`h${Math.min(6, level)}`, {}, ...inline(token.tokens))
      : h('p', {}, h('strong', {}, ...inline(token.tokens)))];
  case 'paragraph':
  case 'text':
    return [h('p', {}, ...(token.tokens ? inline(token.tokens) : [decode(token.raw)]))];
  case 'code':
    return [code(token)];
  case 'blockquote':
    return [h('blockquote', {}, ...token.tokens.flatMap((/** @type {Token} */ it) => block(it)))];
  case 'list':
    return [list(token)];
  case 'table':
    return [table(token)];
  case 'hr':
    return [h('hr')];
  case 'math':
    return [h('div', { class: 'formula', dir: 'ltr', tabindex: '0', role: 'group',
      'aria-label': 'Formula' }, formula(token))];
  default:
    return [h('p', { class: 'raw' }, token.raw.trim())];
  }
}
