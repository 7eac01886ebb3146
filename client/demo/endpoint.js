/**
 * What a page may ask about the endpoint of the threads: a handshake tells it
 * nothing but whether it has succeeded.
 */

const ADDRESS = '/api/chat/ws';

/**
 * The status that a handshake would get, 0 where nobody answers, and how many
 * bytes a message may have, where the server says so.
 *
 * @param {string} threadId
 * @returns {Promise<{status: number, limit: number}>}
 */
export async function ask(threadId) {
  try {
    const response = await fetch(`${ADDRESS}?threadId=${encodeURIComponent(threadId)}`,
      { method: 'OPTIONS' });

    return {
      status: response.status,
      limit: Number(response.headers.get('Thread-WS-Max-Message-Size')) || Infinity,
    };
  } catch {
    return { status: 0, limit: Infinity };
  }
}

const encoder = new TextEncoder();

/**
 * The bytes of the message that content becomes.
 *
 * @param {string} threadId
 * @param {string} content
 */
export function sizeOf(threadId, content) {
  /* a requestId of this page is a UUID */
  return encoder.encode(JSON.stringify({
    type: 'message', requestId: '-'.repeat(36), threadId, content,
  })).length;
}
