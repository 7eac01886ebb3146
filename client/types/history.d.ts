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
export function history(threadId: string, { url, before, limit, fetch, ...init }?: {
    url?: string;
    before?: number;
    limit?: number;
    fetch?: typeof globalThis.fetch;
} & RequestInit): Promise<HistoryMessage[]>;
export type HistoryMessage = {
    id: string;
    role: "user" | "assistant";
    content: string;
    /**
     * of the run that it belongs to
     */
    requestId: string;
    createdAt: string;
    /**
     * the run's number in the thread, from 1
     */
    seq: number;
};
