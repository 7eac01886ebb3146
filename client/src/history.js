/**
 * A thread's completed runs, and a user's threads, from the server.
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
 * @typedef {object} ThreadSummary
 * @property {string} threadId
 * @property {string} title its own, or the beginning of its first message
 * @property {string} updatedAt
 * @property {number} runs
 */

/**
 * @typedef {{url?: string, fetch?: typeof globalThis.fetch} & RequestInit} RequestOptions
 *   url: with {threadId} in it where a thread is meant; what else is not named
 *   is fetch()'s: headers, credentials, signal
 */

/**
 * @param {string} url
 * @param {Record<string, string | number | undefined>} query
 * @param {RequestOptions} options
 * @returns {Promise<Response | null>} null: there is no such thing
 */
async function ask(url, query, { fetch = globalThis.fetch, ...init }) {
  const text = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map((pair) => pair.join('=')).join('&');
  const response = await fetch(text ? `${url}${url.includes('?') ? '&' : '?'}${text}` : url, init);

  if (response.status === 404) {
    return null;
  }
  if (!response.ok) {
    throw new ThreadError(`The server does not do that. (HTTP ${response.status})`,
      { retryable: response.status >= 500 });
  }

  return response;
}

/** @param {string} url @param {string} threadId */
const ofThread = (url, threadId) => url.replace('{threadId}', encodeURIComponent(threadId));

/**
 * The newest messages of a thread, oldest first; none where there is no such
 * thread.
 *
 * @param {string} threadId
 * @param {RequestOptions & {before?: number, limit?: number}} [options] before: a
 *   seq, for those that are older; limit: of runs
 * @returns {Promise<HistoryMessage[]>}
 */
export async function history(threadId, {
  url = '/api/threads/{threadId}/messages', before, limit, ...options
} = {}) {
  const response = await ask(ofThread(url, threadId), { before, limit }, options);
  const { messages } = response ? await response.json() : { messages: [] };

  return messages.map((/** @type {any} */ it) => ({
    ...it, id: it.role === 'user' ? it.requestId : `${it.requestId}-answer`,
  }));
}

/**
 * The user's threads, the newest first, and what the next page is asked for by,
 * if there may be one. null where the server has no list of threads.
 *
 * @param {RequestOptions & {before?: string, limit?: number}} [options]
 * @returns {Promise<{threads: ThreadSummary[], before?: string} | null>}
 */
export async function threads({ url = '/api/threads', before, limit, ...options } = {}) {
  const response = await ask(url, { before, limit }, options);

  return response && response.json();
}

/**
 * Gives a thread a title; null takes it away.
 *
 * @param {string} threadId
 * @param {string | null} title
 * @param {RequestOptions} [options]
 * @returns {Promise<boolean>} whether there is such a thread
 */
export async function renameThread(threadId, title, {
  url = '/api/threads/{threadId}', ...options
} = {}) {
  return !!await ask(ofThread(url, threadId), {},
    { ...options, method: 'PATCH', body: JSON.stringify({ title }) });
}

/**
 * Removes a thread, with all that was said in it, for good.
 *
 * @param {string} threadId
 * @param {RequestOptions} [options]
 * @returns {Promise<boolean>} whether there was such a thread
 */
export async function deleteThread(threadId, {
  url = '/api/threads/{threadId}', ...options
} = {}) {
  return !!await ask(ofThread(url, threadId), {}, { ...options, method: 'DELETE' });
}
