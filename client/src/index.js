/**
 * One WebSocket for each chat thread, kept over all runs.
 *
 * A run is one user message and the answer to it, named by its requestId.
 * ThreadConnection keeps the socket, brings it back when it drops, and tells
 * which run each event belongs to. It has no dependency and needs nothing
 * but a WebSocket.
 *
 * @module thread-ws
 */

export { ThreadConnection } from './connection.js';
export { ThreadError, newRequestId } from './run.js';

/**
 * @typedef {import('./types.js').Beside} Beside
 * @typedef {import('./types.js').CancelledEvent} CancelledEvent
 * @typedef {import('./types.js').ConnectionEvents} ConnectionEvents
 * @typedef {import('./types.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./types.js').ConnectionState} ConnectionState
 * @typedef {import('./types.js').Content} Content
 * @typedef {import('./types.js').ErrorCode} ErrorCode
 * @typedef {import('./types.js').ErrorEvent} ErrorEvent
 * @typedef {import('./types.js').FinalEvent} FinalEvent
 * @typedef {import('./types.js').FollowingEvent} FollowingEvent
 * @typedef {import('./types.js').IdleEvent} IdleEvent
 * @typedef {import('./types.js').Interrupt} Interrupt
 * @typedef {import('./types.js').MessageEvent} MessageEvent
 * @typedef {import('./types.js').Part} Part
 * @typedef {import('./types.js').PongEvent} PongEvent
 * @typedef {import('./types.js').Retries} Retries
 * @typedef {import('./types.js').Run} Run
 * @typedef {import('./types.js').SendOptions} SendOptions
 * @typedef {import('./types.js').ServerEvent} ServerEvent
 * @typedef {import('./types.js').Status} Status
 * @typedef {import('./types.js').TokenEvent} TokenEvent
 */
