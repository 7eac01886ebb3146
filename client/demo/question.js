/**
 * What an agent asks before it goes on: an interrupt, or a call of a tool that
 * asks for leave. Buttons answer it, where it takes words a line, too.
 */

import { h } from './dom.js';

/**
 * @typedef {object} Choices
 * @property {string} text what is asked
 * @property {unknown} [detail] of what
 * @property {[string, unknown][]} buttons their labels, and the answers' values
 * @property {(words: string) => unknown} [words] the value that words are
 */

/** calls of tools that ask, by their names */
export const ASKS = /approv|confirm|permission/i;

/** @type {[string, string][]} */
const DECISIONS = [['Approve', 'approve'], ['Reject', 'reject']];

/** @type {[string, string, string][]} */
const INBOX = [['Accept', 'accept', 'allow_accept'], ['Ignore', 'ignore', 'allow_ignore']];

/** @type {[string, unknown][]} */
const YES_OR_NO = [['Yes', true], ['No', false]];

/**
 * LangChain's middleware: each of what it wants to do is decided upon.
 *
 * @param {any} value
 * @returns {Choices}
 */
function decisions({ action_requests: wanted, review_configs: configs = [] }) {
  const allowed = (/** @type {string} */ type) => configs.every((/** @type {any} */ it) =>
    !it.allowed_decisions || it.allowed_decisions.includes(type));

  return {
    text: wanted[0]?.description ?? 'May this be done?',
    detail: wanted.map((/** @type {any} */ it) =>
      ({ [it.name ?? it.action]: it.args ?? it.arguments })),
    buttons: DECISIONS.filter(([, type]) => allowed(type)).map(([label, type]) =>
      [label, { decisions: wanted.map(() => ({ type })) }]),
    ...allowed('reject') && { words: (message) =>
      ({ decisions: wanted.map(() => ({ type: 'reject', message })) }) },
  };
}

/**
 * What graphs ask that are written for LangGraph's inbox.
 *
 * @param {any} value
 * @returns {Choices}
 */
function inbox({ action_request: { action, args }, config = {}, description }) {
  return {
    text: description || 'May this be done?',
    detail: { [action]: args },
    buttons: INBOX.filter(([, , allowed]) => config[allowed] !== false).map(([label, type]) =>
      [label, [{ type, args: null }]]),
    ...config.allow_respond !== false
      && { words: (args) => [{ type: 'response', args }] },
  };
}

/**
 * @param {any} value what an interrupt says
 * @returns {Choices}
 */
export function choices(value) {
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;

  if (Array.isArray(one?.action_requests)) {
    return decisions(one);
  }
  if (one?.action_request) {
    return inbox(one);
  }
  if (one === null || typeof one !== 'object') {
    return { text: String(one ?? 'Go on?'), buttons: YES_OR_NO, words: (text) => text };
  }

  const { question, message, prompt, text, options, choices: named, ...detail } = one;
  const offered = options ?? named;

  return {
    text: String(question ?? message ?? prompt ?? text ?? 'Go on?'),
    detail: Object.keys(detail).length ? detail : undefined,
    buttons: Array.isArray(offered) ? offered.map((it) =>
      [String(it?.label ?? it?.value ?? it), it?.value ?? it]) : YES_OR_NO,
    words: (text) => text,
  };
}

/**
 * @param {Choices} asked
 * @param {(value: unknown) => void} onAnswer
 */
export function question({ text, detail, buttons, words }, onAnswer) {
  const line = h('input', {
    class: 'field', name: 'words', dir: 'auto', autocomplete: 'off',
    'aria-label': `Answer in words: ${text}`, placeholder: 'or in words',
  });

  return h('form', {
    class: 'asks', 'aria-label': 'The agent asks',
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (words && /** @type {any} */ (line).value.trim()) {
        onAnswer(words(/** @type {any} */ (line).value.trim()));
      }
    },
  },
  h('p', { dir: 'auto' }, text),
  detail === undefined ? null
    : h('pre', { dir: 'ltr' }, typeof detail === 'string' ? detail : JSON.stringify(detail, null, 2)),
  h('div', { class: 'asks-buttons' },
    ...buttons.map(([label, value], i) => h('button', {
      class: i ? 'button' : 'button primary', type: 'button', onclick: () => onAnswer(value),
    }, label)),
    words ? line : null));
}
