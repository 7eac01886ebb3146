/**
 * Code in colours, by Prism, whose languages are loaded when they are met.
 * Until then, and without it, code is plain text.
 *
 * Prism tells what each piece of the text is; the elements are made here, as
 * all others.
 */

import { h } from './dom.js';

const ROOT = new URL('vendor/prism/', import.meta.url).href;

/* longer code is not worth the time */
const LONGEST = 30_000;

/* what people call languages that Prism calls otherwise */
/** @type {Record<string, string>} */
const NAMES = { 'c++': 'cpp', 'c#': 'csharp', golang: 'go', console: 'bash', zsh: 'bash', jsonc: 'json5' };

/** @type {Promise<Record<string, any>> | null} */
let catalogue = null;

/** a language's name, to when it is there; those that nobody knows stay so */
/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/** @type {Map<string, Set<HTMLElement>>} */
const waiting = new Map();

const prism = () => /** @type {any} */ (window).Prism;

/** @param {string} name */
function load(name) {
  catalogue ??= fetch(`${ROOT}components.json`)
    .then((response) => response.json())
    .then(({ languages }) => languages);

  let promise = loading.get(name);

  if (!promise) {
    promise = catalogue.then(async (languages) => {
      const found = languages[name] ? name : Object.keys(languages)
        .find((it) => [languages[it].alias ?? []].flat().includes(name));

      if (found && found !== 'meta') {
        await Promise.all([languages[found].require ?? []].flat().map(load));
        await import(`${ROOT}components/prism-${found}.min.js`);
      }
    }).catch(() => {});
    loading.set(name, promise);
  }

  return promise;
}

/**
 * @param {any} tokens
 * @returns {(Node | string)[]}
 */
function nodes(tokens) {
  return [tokens].flat().map((token) => typeof token === 'string' ? token
    : h('span', { class: ['token', token.type, token.alias ?? []].flat().join(' ') },
      ...nodes(token.content)));
}

/** @param {string} text @param {string} name */
function coloured(text, name) {
  const grammar = prism()?.languages[name];

  if (!grammar || text.length > LONGEST) {
    return [text];
  }

  const env = { code: text, grammar, language: name, tokens: [] };

  prism().hooks.run('before-tokenize', env);
  env.tokens = prism().tokenize(env.code, env.grammar);
  prism().hooks.run('after-tokenize', env);

  return nodes(env.tokens);
}

/**
 * @param {string} text
 * @param {string} language as it was written
 */
export function highlighted(text, language) {
  const lower = language.toLowerCase();
  const name = NAMES[lower] ?? lower;
  const element = h('code', {}, ...coloured(text, name));
  const core = prism();

  if (core && name !== 'text' && !core.languages[name] && /^[a-z][\w-]*$/.test(name)) {
    const set = waiting.get(name) ?? new Set();

    waiting.set(name, set.add(element));
    load(name).then(() => {
      waiting.delete(name);
      for (const it of core.languages[name] ? set : []) {
        it.replaceChildren(...coloured(it.textContent ?? '', name));
      }
      set.clear();
    });
  }

  return element;
}
