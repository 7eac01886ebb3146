/**
 * The newest messages of a thread, oldest first; none where there is no such
 * thread.
 *
 * @param {string} threadId
 * @param {RequestOptions & {before?: number, limit?: number}} [options] before: a
 *   seq, for those that are older; limit: of runs
 * @returns {Promise<HistoryMessage[]>}
 */
export function history(threadId: string, { url, before, limit, ...options }?: RequestOptions & {
    before?: number;
    limit?: number;
}): Promise<HistoryMessage[]>;
/**
 * The user's threads, the newest first, and what the next page is asked for by,
 * if there may be one. null where the server has no list of threads.
 *
 * @param {RequestOptions & {before?: string, limit?: number}} [options]
 * @returns {Promise<{threads: ThreadSummary[], before?: string} | null>}
 */
export function threads({ url, before, limit, ...options }?: RequestOptions & {
    before?: string;
    limit?: number;
}): Promise<{
    threads: ThreadSummary[];
    before?: string;
} | null>;
/**
 * Gives a thread a title; null takes it away.
 *
 * @param {string} threadId
 * @param {string | null} title
 * @param {RequestOptions} [options]
 * @returns {Promise<boolean>} whether there is such a thread
 */
export function renameThread(threadId: string, title: string | null, { url, ...options }?: RequestOptions): Promise<boolean>;
/**
 * Removes a thread, with all that was said in it, for good.
 *
 * @param {string} threadId
 * @param {RequestOptions} [options]
 * @returns {Promise<boolean>} whether there was such a thread
 */
export function deleteThread(threadId: string, { url, ...options }?: RequestOptions): Promise<boolean>;
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
export type ThreadSummary = {
    threadId: string;
    /**
     * its own, or the beginning of its first message
     */
    title: string;
    updatedAt: string;
    runs: number;
};
/**
 * url: with {threadId} in it where a thread is meant; what else is not named
 * is fetch()'s: headers, credentials, signal
 */
export type RequestOptions = {
    url?: string;
    fetch?: typeof globalThis.fetch;
} & RequestInit;
