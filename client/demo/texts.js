/**
 * What went wrong, in words that say what can be done.
 */

/** @type {Record<string, string>} */
const TITLES = {
  CONNECTION_LOST: 'The connection was lost.',
  CONNECTION_ENDED: 'The server ended the connection.',
  CLOSED: 'The connection was closed.',
  TIMEOUT: 'No answer came in time.',
  BUSY: 'The thread is busy with another message.',
  SUPERSEDED: 'Another connection has answered this message.',
  SHUTTING_DOWN: 'The server is restarting.',
  STORE_UNAVAILABLE: 'The conversation cannot be read or stored at the moment.',
  FORBIDDEN: 'You are not allowed to ask this agent.',
  RATE_LIMITED: 'These were too many messages in too short a time.',
  RESPONSE_TOO_LARGE: 'The answer grew too long.',
  UPSTREAM_UNAVAILABLE: 'The agent cannot be reached.',
  UPSTREAM_RATE_LIMITED: 'The agent has too much to do.',
  UPSTREAM_FAILED: 'The agent failed before its answer was complete.',
  UPSTREAM_TIMEOUT: 'The agent took too long.',
  LEFT: 'The page was left before the answer was complete.',
};

/* where the server's own words, or the close frame's, say more */
const SAID = ['CONNECTION_ENDED', 'UPSTREAM_REJECTED'];

/**
 * When something was, as a heading.
 *
 * @param {number} time ms since the epoch
 */
export function dayOf(time) {
  const then = new Date(time);
  const midnight = new Date().setHours(0, 0, 0, 0);
  /* a day may have an hour more or less */
  const days = Math.round((midnight - new Date(time).setHours(0, 0, 0, 0)) / 86400000);

  return days <= 0 ? 'Today' : days === 1 ? 'Yesterday' : days < 7 ? 'The last seven days'
    : then.toLocaleDateString([], { month: 'long', year: 'numeric' });
}

/**
 * The text of a message that may have other parts, too.
 *
 * @param {import('../src/index.js').Content} [content]
 */
export function textOf(content = '') {
  return typeof content === 'string' ? content
    : content.map((part) => (part.type === 'text' ? part.text : `(${part.filename ?? part.type})`))
      .join('\n');
}

/**
 * The server's words, as a sentence.
 *
 * @param {string} [text]
 */
export function sentence(text = '') {
  const words = text.trim();
  return words && words[0].toUpperCase() + words.slice(1)
    + (/[.!?…。！？]["”’)]?$/.test(words) ? '' : '.');
}

/**
 * @param {{code: string, message?: string, retryable: boolean, closeCode?: number}} error
 * @param {boolean} partial whether a part of the answer had come
 * @returns {{title: string, advice: string}}
 */
export function explain({ code, message, retryable, closeCode }, partial) {
  const said = sentence(message);
  const title = (SAID.includes(code) && said) || TITLES[code] || said
    || 'The message was not answered.';
  const advice = [];

  if (partial) {
    advice.push('The unfinished answer was discarded.');
  }

  if (closeCode === 1009) {
    advice.push('Sending the same again will not help; a shorter message will.');
  } else if (retryable) {
    advice.push('Trying again can help; nothing is answered twice.');
  } else {
    advice.push('Trying again will not help.');
  }

  return { title, advice: advice.join(' ') };
}

/** @param {string} text */
export function titleOf(text) {
  const line = text.trim().replace(/\s+/g, ' ') || 'Thread';
  return line.length > 200 ? `${line.slice(0, 199).trimEnd()}…` : line;
}

/** @param {number} size */
export function bytes(size) {
  for (const [unit, many] of /** @type {[string, number][]} */ ([['MB', 1e6], ['kB', 1e3]])) {
    if (size >= many) {
      return `${(size / many).toFixed(size < 10 * many ? 1 : 0)} ${unit}`;
    }
  }
  return size === 1 ? '1 byte' : `${size} bytes`;
}

/**
 * What a server's status means to who reads this page.
 *
 * @param {number} status
 * @param {string} what "these threads"
 * @returns {{title: string, advice: string, retryable: boolean} | null} null
 *   where it says no more than that something failed
 */
export function refusal(status, what) {
  switch (status) {
  case 401:
    return { title: 'You are not signed in.', retryable: false,
      advice: `The server answers 401 to ${what}: sign in, and load this page anew.` };
  case 403:
    return { title: 'You are not allowed here.', retryable: false,
      advice: `The server answers 403 to ${what}: it refuses you, or pages of ${location.origin}.` };
  case 404:
    return { title: 'There is nothing at this address.', retryable: false,
      advice: `The server answers 404 to ${what}: its configuration has them elsewhere.` };
  default:
    return null;
  }
}

/** @param {number} ms */
export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
