/**
 * Long runs of text, cut into pieces that are read one by one: what a piece is
 * does not depend on what comes after it, so it is read once, however long the
 * text becomes.
 */

/* what spans more than half of it is not seen, in a text that is longer */
const WINDOW = 4096;
const HALF = WINDOW / 2;

/* where a text is cut: before a blank, after a mark of those who write none */
const GAP = /\s|(?<=[。！？，、；：])/g;

/* what may be the beginning of something that is not whole yet */
const OPENER = /[*_`[<~\\$]/;

/**
 * @typedef {any} Token
 * @typedef {Map<string, {end: number, token: Token}>} Known what was cut, by
 *   where and of what
 * @typedef {(src: string, tokens: Token[]) => Token[]} Read
 */

let keys = 0;

/**
 * How many characters of a window are a piece.
 *
 * @param {string} window
 * @param {Token[]} tokens what was read in it
 */
function cut(window, tokens) {
  let at = 0;
  let end = 0;

  for (const { type, raw } of tokens) {
    if (type === 'text') {
      const skipped = Math.max(0, HALF - at);
      const opener = raw.slice(skipped).search(OPENER);
      const limit = opener < 0 ? raw.length : skipped + opener;

      for (const { index } of raw.slice(0, limit).matchAll(GAP)) {
        end = Math.max(end, at + index);
      }
      if (opener >= 0) {
        break;
      }
    }
    at += raw.length;
  }

  if (end < HALF) {
    end = Math.max(window.lastIndexOf(' '), window.lastIndexOf('\n'));
  }
  if (end < HALF) {
    /* no half of a character */
    end = /[\ud800-\udbff]/.test(window.at(-1) ?? '') ? window.length - 1 : window.length;
  }

  return end;
}

/**
 * @param {string} src
 * @param {Read} read
 * @param {Known} known
 * @returns {Token[]}
 */
export function readInPieces(src, read, known) {
  const tokens = [];
  let from = 0;

  while (src.length - from > WINDOW) {
    const window = src.slice(from, from + WINDOW);
    const name = `${from} ${window}`;
    let piece = known.get(name);

    if (!piece) {
      const end = cut(window, read(window, []));
      const raw = window.slice(0, end);

      piece = { end, token: { type: 'piece', raw, key: String(keys++), tokens: read(raw, []) } };
      known.set(name, piece);
    }

    tokens.push(piece.token);
    from += piece.end;
  }

  return tokens.concat(read(src.slice(from), []));
}
