/**
 * Why a handshake did not open: a WebSocket tells a page nothing of it, so one
 * plain request to the same address is asked instead.
 *
 * @module
 */

const BARRED = 'No WebSocket comes through to the server.';

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
export async function askWhy(address, fetch, withinMs) {
  const url = String(address).replace(/^ws/, 'http');
  const response = await fetch(url, {
    method: 'POST', cache: 'no-store', redirect: 'manual',
    signal: AbortSignal.timeout?.(withinMs),
  });
  const { status } = response;
  const origin = globalThis.location?.origin;

  response.body?.cancel();

  if (!status) {
    throw status;
  }

  /** @type {Record<number, string>} */
  const reasons = {
    401: 'The server wants to know who you are.',
    403: `The server refuses ${origin ? `pages of ${origin}, or ` : ''}this user.`,
    404: 'There is no chat at this address.',
    405: BARRED,
    426: BARRED,
  };

  return {
    httpStatus: status,
    reason: `${reasons[status] ?? 'The server is not ready.'} (HTTP ${status})`,
  };
}
