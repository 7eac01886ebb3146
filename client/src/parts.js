/**
 * What answers consist of, put together from a connection's events: text,
 * thoughts, calls of tools, sources, data. It stands apart, since an application
 * that shows text alone needs none of it.
 *
 * @module thread-ws/parts
 */

/**
 * @typedef {import('./types.js').Part} Part
 * @typedef {import('./connection.js').ThreadConnection} ThreadConnection
 */

const ENDS = ['final', 'error', 'cancelled'];

/** @param {readonly Part[]} parts */
const textOf = (parts) => parts.map((it) => (it.type === 'text' ? it.text : '')).join('');

/**
 * The parts, grown by an event; the same array where it is of none. Neither the
 * array nor what is in it is altered.
 *
 * @param {readonly Part[]} parts
 * @param {any} event
 * @returns {readonly Part[]}
 */
export function grow(parts, { type, requestId, position, ...event }) {
  const { value, ...rest } = event;
  const { toolCallId } = event;

  if (type === 'source' || type === 'data') {
    return [...parts, { type, ...event }];
  }
  if (type !== 'token' && type !== 'reasoning' && !toolCallId) {
    return parts;
  }

  const kind = toolCallId ? 'tool' : type === 'token' ? 'text' : type;
  const at = parts.findLastIndex((/** @type {any} */ it, i) => it.type === kind && (toolCallId
    ? it.toolCallId === toolCallId : i === parts.length - 1 && it.message === event.message));
  const before = /** @type {any} */ (parts[at]);
  const after = { type: kind, ...before, ...rest, text: (before?.text ?? '') + (value ?? '') };

  return before ? parts.with(at, after) : [...parts, after];
}

/**
 * Tells of the parts of each run of a connection, whenever they have changed:
 * those of a run that begins anew are few again. What has ended is forgotten.
 *
 * @param {ThreadConnection} connection
 * @param {(requestId: string, parts: readonly Part[]) => void} onParts
 * @returns {() => void} ends it
 */
export function trackParts(connection, onParts) {
  /** @type {Map<string, {parts: readonly Part[], position?: number}>} */
  const runs = new Map();

  const offs = [
    connection.on('event', (/** @type {any} */ event) => {
      const { type, requestId, position, message } = event;
      const known = runs.get(requestId);

      if (!requestId || (type === 'following' && position >= (known?.position ?? Infinity))) {
        return;
      }

      /* what is told from its beginning once more */
      const anew = type === 'following' || type === 'message' || type === 'reset'
        || (type === 'token' ? position <= (known?.position ?? 0) : position < (known?.position ?? 0));
      const before = known?.parts ?? [];
      let parts = grow(anew ? [] : before, event);

      if (type === 'final' && textOf(parts) !== message) {
        /* what the server keeps is what was answered */
        parts = [...parts.filter((it) => it.type !== 'text'), { type: 'text', text: message }];
      }
      if (ENDS.includes(type)) {
        runs.delete(requestId);
      } else {
        runs.set(requestId, { parts, position });
      }
      if (parts !== before && (parts.length || before.length)) {
        onParts(requestId, parts);
      }
    }),
    connection.on('state', ({ status }) => {
      /* without a position they were of the last socket alone */
      for (const [requestId, { position }] of status === 'connected' ? [...runs] : []) {
        if (position === undefined) {
          runs.delete(requestId);
        }
      }
    }),
  ];

  return () => offs.forEach((off) => off());
}
