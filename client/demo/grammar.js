/**
 * What marked reads otherwise here: code that has begun is code to the end of
 * the text, and TeX between \( and \), \[ and \], $$ and $$ is mathematics.
 *
 * Each of them may be open while a text streams.
 */

import { readInPieces } from './chunks.js';

/** @typedef {any} Token */

/* a tab within code, which marked would take for spaces */
const TAB = '\ue009';

const OPENING = /^( {0,3})(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n([^]*))?$/;

/** @param {string} src */
function openCode(src) {
  const found = OPENING.exec(src);

  if (!found) {
    return undefined;
  }

  const [raw, indent, fence, info, text = ''] = found;
  const closing = new RegExp(`(?:^|\\n) {0,3}${fence[0]}{${fence.length},} *(?:\\n|$)`);

  return closing.test(text) ? undefined : {
    type: 'code',
    raw,
    lang: info.trim(),
    text: indent ? text.replace(new RegExp(`^ {1,${indent.length}}`, 'gm'), '') : text,
  };
}

const CLOSED = /^(?:\\\(([^]+?)\\\)|\\\[([^]+?)\\\]|\$\$([^]+?)\$\$)/;
const OPEN = /^(?:\\\(|\\\[|\$\$)([^]*)$/;

/** @param {string} src @param {boolean} streaming @returns {Token} */
function formula(src, streaming) {
  const closed = CLOSED.exec(src);

  if (closed && !/\n[ \t]*\n/.test(closed[0])) {
    const [raw, inline, ...display] = closed;

    return {
      type: 'math', raw, display: inline === undefined,
      text: (inline ?? display.join('')).trim(),
    };
  }

  const open = streaming && OPEN.exec(src);

  return open && !/\n[ \t]*\n/.test(open[0])
    ? { type: 'math', raw: open[0], text: open[1], open: true } : undefined;
}

/* a formula that has its lines for itself is a block: no line of it is a list */

/** @param {string} src @param {boolean} streaming @returns {Token} */
function formulaBlock(src, streaming) {
  const indent = /^ {0,3}(?=\\\[|\$\$)/.exec(src)?.[0];
  const found = indent !== undefined && formula(src.slice(indent.length), streaming);

  if (!found) {
    return undefined;
  }

  const after = /^[ \t]*(?:\n+|$)/.exec(src.slice(indent.length + found.raw.length));

  return after ? { ...found, raw: indent + found.raw + after[0], block: true } : undefined;
}

/* what a paragraph ends before: the last line, where code opens; a formula */
const STARTS = /\n {0,3}(?:(?:`{3,}[^`\n]*|~{3,}[^\n]*)$|(?=\\\[|\$\$))/g;

/** @param {string} src @param {boolean} streaming */
function startOfBlock(src, streaming) {
  const end = src.search(/\n[ \t]*\n/);
  const text = end < 0 ? src : src.slice(0, end);

  for (const { index } of text.matchAll(STARTS)) {
    const rest = src.slice(index + 1);

    if (openCode(rest) || formulaBlock(rest, streaming)) {
      return index;
    }
  }

  return undefined;
}

/* lines of text right before code */
const BEFORE_CODE = /^([^\n]+(?:\n[^\n]+)*?)\n(?= {0,3}(?:`{3,}[^`\n]*(?:\n|$)|~{3,}))/;
const NO_TEXT = /^ {0,3}(?:[-*+>#|<=]|\d{1,9}[.)]| )|\n {0,3}(?:=+|-+) *$/m;

/**
 * A line of dashes within the code that follows makes no heading of it all, as
 * marked would have it.
 *
 * @this {any}
 * @param {string} src
 */
function textBeforeCode(src) {
  const found = BEFORE_CODE.exec(src);
  const { lexer } = this;
  const heading = found && lexer.tokenizer.rules.block.lheading.exec(src);

  if (!found || !heading || heading[0].length <= found[0].length || NO_TEXT.test(found[1])) {
    return undefined;
  }

  const [raw, text] = found;

  return { type: lexer.state.top ? 'paragraph' : 'text', raw, text, tokens: lexer.inline(text) };
}

const MARK = /\\[([]|\$\$/;

/**
 * @param {boolean} streaming whether more is to come
 * @param {boolean} formulas whether there can be some within a line
 * @param {boolean} open whether the last of them may be open
 */
function options(streaming, formulas, open) {
  /** @param {string} src */
  const start = (src) => startOfBlock(src, streaming);

  return {
    gfm: true,
    breaks: true,
    extensions: {
      block: [textBeforeCode, openCode, (/** @type {string} */ src) => formulaBlock(src, streaming)],
      inline: formulas ? [(/** @type {string} */ src) => formula(src, open)] : undefined,
      startBlock: [start],
      startInline: formulas ? [(/** @type {string} */ src) => src.search(MARK)] : undefined,
      renderers: {},
      childTokens: {},
    },
  };
}

/**
 * @param {string} text
 * @param {boolean} streaming
 * @param {boolean} open
 * @param {object} links
 * @param {import('./chunks.js').Known} known
 */
function read(text, streaming, open, links, known) {
  const { marked } = /** @type {any} */ (window);
  const lexer = new marked.Lexer(options(streaming, MARK.test(text), open));
  const inlineTokens = lexer.inlineTokens.bind(lexer);

  lexer.tokens.links = links;
  lexer.inlineTokens = (/** @type {string} */ src, /** @type {Token[]} */ tokens = []) => {
    tokens.push(...readInPieces(src, inlineTokens, known));
    return tokens;
  };

  return [...lexer.lex(text)];
}

/**
 * Tabs before a line's text are spaces, as marked has it, but for those of code.
 *
 * @param {string} text
 */
function tabs(text) {
  let fence = '';

  return text.split('\n').map((line) => {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);

    if (fence) {
      if (mark?.[1].startsWith(fence) && !mark[2].trim()) {
        fence = '';
      }
      return line.replaceAll('\t', TAB);
    }
    if (mark && !(mark[1][0] === '`' && mark[2].includes('`'))) {
      [, fence] = mark;
    }
    return line.replace(/^( *)(\t+)/, (_, spaces, found) => spaces + '    '.repeat(found.length));
  }).join('\n');
}

/**
 * The text as tokens are cut from it: their `raw` are its parts.
 *
 * @param {string} text
 * @param {boolean} streaming whether more is to come
 */
export function prepare(text, streaming) {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  const plain = lines.includes('\t') ? tabs(lines) : lines;

  /* the beginning of a mark is not shown before it is told which one it is */
  return streaming ? plain.replace(/(^|\n)[ \t>]*(?:`{1,2}|~{1,2}|\$|\\)$/, '$1') : plain;
}

/** @param {string} text code, as a token has it */
export const untab = (text) => text.replaceAll(TAB, '\t');

/** @param {Token[]} tokens */
export const lastBlock = (tokens) => tokens.findLastIndex(({ type }) => type !== 'space');

/**
 * @param {string} text prepared
 * @param {boolean} streaming whether more is to come
 * @param {Record<string, any>} links what references lead to: those of this
 *   text are added
 * @param {import('./chunks.js').Known} known the pieces of long texts
 * @returns {Token[]} `unfinished` marks those in whose text a formula may be open
 */
export function lex(text, streaming, links, known) {
  const tokens = read(text, streaming, false, links, known);
  const last = lastBlock(tokens);

  if (streaming && last >= 0 && MARK.test(tokens[last].raw)) {
    const again = read(tokens[last].raw, true, true, links, known);

    again.forEach((token) => { token.unfinished = true; });
    tokens.splice(last, 1, ...again);
  }

  return tokens;
}
