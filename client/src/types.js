/**
 * The types of the package. There is nothing here to run.
 *
 * @module
 */

/**
 * @typedef {import('./run.js').ThreadError} ThreadError
 */

/**
 * @typedef {'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed'} Status
 */

/**
 * What a connection is doing now. The object is replaced with each change,
 * never altered.
 *
 * @typedef {object} ConnectionState
 * @property {Status} status
 * @property {number} attempt the number of the current attempt to come back,
 *   from 1; 0 for none, or for the first one after the server's restart
 * @property {number} maxAttempts attempts made before the user is asked
 * @property {number} delay ms from the drop to the attempt; 0 once it is made
 * @property {number} retryAt when the attempt will be made, as Date.now()
 *   counts; 0 for none
 * @property {number} [code] the close code that led here
 * @property {string} [reason] for people: why the connection is not there
 * @property {boolean} retryable whether retry() can help
 */

/**
 * @typedef {object} FinalEvent
 * @property {'final'} type
 * @property {string} requestId
 * @property {string} message the whole answer
 * @property {number} latencyMs
 * @property {{inputTokens: number, outputTokens: number}} [usage]
 * @property {string} [finishReason]
 */

/**
 * @typedef {{type: 'token', requestId: string, value: string}} TokenEvent
 * @typedef {{type: 'cancelled', requestId: string}} CancelledEvent
 * @typedef {{type: 'alive', requestId: string}} AliveEvent
 * @typedef {{type: 'pong', t?: unknown}} PongEvent
 */

/**
 * @typedef {object} ErrorEvent
 * @property {'error'} type
 * @property {string} [requestId]
 * @property {string} message
 * @property {boolean} retryable
 * @property {string} [code]
 * @property {number} [retryAfterMs]
 */

/**
 * @typedef {TokenEvent | FinalEvent | ErrorEvent | CancelledEvent | PongEvent} ServerEvent
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {string | URL | (() => string | URL)} [url] the thread endpoint,
 *   ws, wss, http, https or relative to the page; a function is called for
 *   each socket. Default: /api/chat/ws
 * @property {string | string[]} [protocols] subprotocols to offer; where
 *   'thread-ws' is among them, or none is set, 'thread-ws.v2' goes before it
 * @property {readonly number[]} [backoff] ms before each attempt to come back
 * @property {number} [jitter] 0 to 1: the part of a delay that chance may
 *   take off
 * @property {number} [restartSpreadMs] the longest wait before coming back to
 *   a server that restarts (close code 1012)
 * @property {number} [livenessMs] while an answer is awaited, a connection
 *   without a sign of life for so long counts as dropped; 0 to never say so
 * @property {number} [connectTimeoutMs] a handshake that takes longer failed
 * @property {number} [answerTimeoutMs] a run that hears nothing for so long
 *   fails and is cancelled; 0 to wait for ever
 * @property {any} [WebSocket] the constructor, where there is no global one
 * @property {EventTarget | null} [network] where online and offline are told
 */

/**
 * @typedef {object} SendOptions
 * @property {string} [requestId] names the run. A retry gives the failed
 *   run's, so that the message is not answered twice. Default: a new UUID
 * @property {AbortSignal} [signal] cancels the run
 * @property {(delta: string, run: Run) => void} [onToken]
 */

/**
 * One run: a promise of its final event, and an async iterable of its deltas.
 *
 * @typedef {Promise<FinalEvent> & AsyncIterable<string> & {
 *   readonly requestId: string,
 *   readonly content: string,
 *   cancel(): void,
 * }} Run
 */

/**
 * @typedef {object} ConnectionEvents
 * @property {ConnectionState} state
 * @property {ServerEvent} event every event of the server, as it came
 * @property {{message: string, data: unknown}} warning what was ignored, for
 *   the log: events for no known run, errors that belong to none
 */

/**
 * @typedef {object} Entry
 * @property {Run} run
 * @property {boolean} sent
 * @property {boolean} cancelled
 * @property {number} heard when the run was last heard of, or can be at the
 *   latest while something large is on its way
 * @property {number} size characters of the answer that have come
 * @property {(onToken: (delta: string, run: Run) => void) => void} follow
 * @property {(delta: string) => void} push
 * @property {(event: FinalEvent) => void} end
 * @property {(error: ThreadError) => void} fail
 */

export {};
