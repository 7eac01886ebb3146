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

/** @param {string} id */
const address = (id) => `api/threads/${encodeURIComponent(id)}/messages`;

/**
 * The newest runs, or those before one of them.
 *
 * @param {string} id
 * @param {number} [before] a run's number
 * @returns {Promise<{requestId: string, content: string, answer: string, seq: number}[] | null>}
 *   oldest first; null for a thread that the server does not know
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
  const runs = [];

  for (const { role, content, requestId, seq } of messages) {
    if (role === 'user') {
      runs.push({ requestId, content, seq, answer: '' });
    } else if (role === 'assistant' && runs.length) {
      runs[runs.length - 1].answer = content;
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
