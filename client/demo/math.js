/**
 * Formulas, by KaTeX, which is loaded when the first one is to be shown. Until
 * then, and without it, they are shown as they were written.
 */

import { h } from './dom.js';

const SCRIPT = new URL('vendor/katex/katex.min.js', import.meta.url).href;
const STYLE = new URL('vendor/katex/katex.min.css', import.meta.url).href;

/* bounded in what a formula may take, and nothing in it leads anywhere */
const OPTIONS = { throwOnError: true, strict: 'ignore', trust: false, maxSize: 20, maxExpand: 200 };

/** @type {Promise<void> | null} */
let loading = null;
let failed = false;

/** what waits for it: elements that hold the source */
/** @type {Set<HTMLElement>} */
const waiting = new Set();

/** what was made of the formulas that are shown over and over */
/** @type {Map<string, Node>} */
const made = new Map();

const KEPT = 1000;

/**
 * The page's policy takes no style attribute, and MathML does without.
 *
 * @param {any} node
 */
function unstyle(node) {
  if (node.attributes?.style) {
    delete node.attributes.style;
  }
  node.children?.forEach(unstyle);
}

/** @param {string} text @param {boolean} display */
function rendered(text, display) {
  const { katex } = /** @type {any} */ (window);
  const key = `${display}${text}`;
  let node = made.get(key);

  if (!node) {
    const tree = katex.__renderToDomTree(text, { ...OPTIONS, displayMode: display });

    unstyle(tree);
    node = /** @type {Node} */ (tree.toNode());
    if (made.size >= KEPT) {
      made.clear();
    }
    made.set(key, node);
  }

  return h('span', { class: 'math', dir: 'ltr', 'data-tex': text, 'data-whole': key },
    node.cloneNode(true));
}

async function load() {
  const style = h('link', { rel: 'stylesheet', href: STYLE });
  const styled = new Promise((resolve) => { style.onload = style.onerror = resolve; });

  document.head.append(style);

  try {
    await Promise.all([import(SCRIPT), styled]);
  } catch {
    /* it stays as it was written */
    failed = true;
  }

  for (const element of waiting) {
    const { display, open } = element.dataset;

    if (open === undefined) {
      element.replaceWith(formula({ text: element.textContent, display: display === 'true' }));
    }
  }
  waiting.clear();
}

/**
 * @param {any} token of grammar.js
 * @returns {HTMLElement}
 */
export function formula({ text, display = false, open }) {
  const { katex } = /** @type {any} */ (window);

  if (katex && !open) {
    try {
      return rendered(text, display);
    } catch {
      /* it is no formula that KaTeX knows */
    }
  }

  const element = h('code', {
    class: 'tex', dir: 'ltr', 'data-display': String(display), 'data-open': open ? '' : undefined,
  }, text);

  if (!katex && !failed) {
    waiting.add(element);
    loading ??= load();
  }

  return element;
}
