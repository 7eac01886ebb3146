/**
 * What a page may ask about the endpoint of the threads, and has to know of its
 * messages.
 */

const ADDRESS = '/api/chat/ws';

/**
 * How many bytes a message may have, where the server says so.
 *
 * @param {string} threadId
 * @returns {Promise<number>}
 */
export async function askLimit(threadId) {
  try {
    const { headers } = await fetch(`${ADDRESS}?threadId=${encodeURIComponent(threadId)}`,
      { method: 'OPTIONS' });

    return Number(headers.get('Thread-WS-Max-Message-Size')) || Infinity;
  } catch {
    return Infinity;
  }
}

const encoder = new TextEncoder();

/**
 * The bytes of the message that content becomes.
 *
 * @param {string} threadId
 * @param {import('../src/index.js').Content} content
 * @param {string | null} [replaces]
 */
export function sizeOf(threadId, content, replaces) {
  /* a requestId of this page is a UUID */
  return encoder.encode(JSON.stringify({
    type: 'message', requestId: '-'.repeat(36), threadId, content, replaces: replaces ?? undefined,
  })).length;
}
