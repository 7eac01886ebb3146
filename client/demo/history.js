/**
 * The completed runs of a thread, from the server.
 */

/** What the server said instead. */
export class HistoryError extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`the history: ${status}`);
    this.status = status;
  }
}

/**
 * @typedef {object} Past
 * @property {string} requestId
 * @property {import('../src/index.js').Content} [content]
 * @property {import('./turn.js').Beside} beside
 * @property {string} answer
 * @property {any[]} parts of the answer, where it has more than its text
 * @property {number} seq
 */

/** @param {string} id */
const address = (id) => `api/threads/${encodeURIComponent(id)}/messages`;

/** @param {any[]} parts @param {string} type */
const only = (parts, type) => parts.filter((it) => it.type === type)
  .map(({ type: _, ...rest }) => rest);

/**
 * What was said, as it was sent.
 *
 * @param {any} message of the user
 */
function sent({ content, parts = [], replaces }) {
  const toolResults = only(parts, 'tool-result');
  const answers = only(parts, 'answer');
  const said = parts.filter((/** @type {any} */ it) =>
    it.type !== 'tool-result' && it.type !== 'answer');

  return {
    content: said.some((/** @type {any} */ it) => it.type !== 'text') ? said
      : content || undefined,
    beside: {
      ...replaces && { replaces },
      ...toolResults.length && { toolResults },
      ...answers.length && { answers },
    },
  };
}

/**
 * The newest runs, or those before one of them.
 *
 * @param {string} id
 * @param {number} [before] a run's number
 * @returns {Promise<Past[] | null>} oldest first; null for a thread that the
 *   server does not know
 */
export async function loadHistory(id, before) {
  const response = await fetch(address(id) + (before ? `?before=${before}` : ''),
    { headers: { Accept: 'application/json' } });

  if (response.status === 404) {
    return null;
  }
  if (!response.ok) {
    throw new HistoryError(response.status);
  }

  const { messages } = await response.json();
  /** @type {Past[]} */
  const runs = [];

  for (const message of messages) {
    const { role, content, requestId, seq, parts = [] } = message;

    if (role === 'user') {
      runs.push({ requestId, ...sent(message), seq, answer: '', parts: [] });
    } else if (role === 'assistant' && runs.length) {
      Object.assign(runs[runs.length - 1], { answer: content, parts });
    }
  }

  return runs;
}

/** @param {string} id */
export async function deleteHistory(id) {
  const response = await fetch(address(id), { method: 'DELETE' });

  if (!response.ok && response.status !== 404) {
    throw new HistoryError(response.status);
  }
}
