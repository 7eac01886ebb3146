/**
 * It is a POST: browsers name the page's origin in no other simple request to
 * the same host. Where the endpoint is, it is answered 405, or 426.
 *
 * @param {URL} address of the WebSocket
 * @param {typeof globalThis.fetch} fetch
 * @param {number} withinMs
 * @returns {Promise<{httpStatus: number, reason: string}>} rejects where the
 *   network, or another origin's rules, let no answer through
 */
export function askWhy(address: URL, fetch: typeof globalThis.fetch, withinMs: number): Promise<{
    httpStatus: number;
    reason: string;
}>;
