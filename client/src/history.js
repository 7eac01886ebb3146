/**
 * A thread's completed runs, from the server's history.
 *
 * @module thread-ws/history
 */

import { ThreadError } from './run.js';

/**
 * @typedef {object} HistoryMessage
 * @property {string} id
 * @property {'user' | 'assistant'} role
 * @property {string} content
 * @property {string} requestId of the run that it belongs to
 * @property {string} createdAt
 * @property {number} seq the run's number in the thread, from 1
 */

/**
 * The newest messages of a thread, oldest first; none where there is no such
 * thread.
 *
 * @param {string} threadId
 * @param {{
 *   url?: string,
 *   before?: number,
 *   limit?: number,
 *   fetch?: typeof globalThis.fetch,
 * } & RequestInit} [options] url: with {threadId} in it; before: a seq, for those
 *   that are older; limit: of messages. What is not named here is fetch()'s:
 *   headers, credentials, signal
 * @returns {Promise<HistoryMessage[]>}
 */
export async function history(threadId, {
  url = '/api/threads/{threadId}/messages', before, limit,
  fetch = globalThis.fetch, ...init
} = {}) {
  const query = Object.entries({ before, limit })
    .filter(([, value]) => value !== undefined)
    .map((pair) => pair.join('=')).join('&');
  const address = url.replace('{threadId}', encodeURIComponent(threadId));
  const response = await fetch(
    query ? `${address}${address.includes('?') ? '&' : '?'}${query}` : address, init);

  if (response.status === 404) {
    return [];
  }
  if (!response.ok) {
    throw new ThreadError(`The history cannot be read. (HTTP ${response.status})`,
      { retryable: response.status >= 500 });
  }

  const { messages } = await response.json();

  return messages.map((/** @type {any} */ it) => ({
    ...it, id: it.role === 'user' ? it.requestId : `${it.requestId}-answer`,
  }));
}
