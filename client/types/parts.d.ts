/**
 * The parts, grown by an event; the same array where it is of none. Neither the
 * array nor what is in it is altered.
 *
 * @param {readonly Part[]} parts
 * @param {any} event
 * @returns {readonly Part[]}
 */
export function grow(parts: readonly Part[], { type, requestId, position, ...event }: any): readonly Part[];
/**
 * Tells of the parts of each run of a connection, whenever they have changed:
 * those of a run that begins anew are few again. What has ended is forgotten.
 *
 * @param {ThreadConnection} connection
 * @param {(requestId: string, parts: readonly Part[]) => void} onParts
 * @returns {() => void} ends it
 */
export function trackParts(connection: ThreadConnection, onParts: (requestId: string, parts: readonly Part[]) => void): () => void;
export type Part = import("./types.js").Part;
export type ThreadConnection = import("./connection.js").ThreadConnection;
