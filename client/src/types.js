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
 * @property {number} maxAttempts attempts made before the user is asked;
 *   Infinity where that is never
 * @property {number} delay ms from the drop to the attempt; 0 once it is made
 * @property {number} retryAt when the attempt will be made, as Date.now()
 *   counts; 0 for none
 * @property {number} [code] the close code that led here
 * @property {string} [reason] for people: why the connection is not there
 * @property {boolean} retryable whether retry() can help
 * @property {boolean} [offline] there is no network: the attempt waits for it
 * @property {number} [httpStatus] what the server answers in the place of a
 *   handshake, where that could be found out
 */

/**
 * The server's codes, and the client's own: the last two rows.
 *
 * @typedef {'INVALID_JSON' | 'INVALID_MESSAGE' | 'DUPLICATE_REQUEST'
 *   | 'SUPERSEDED' | 'FORBIDDEN' | 'RATE_LIMITED' | 'BUSY'
 *   | 'UPSTREAM_UNAVAILABLE' | 'UPSTREAM_RATE_LIMITED' | 'UPSTREAM_REJECTED'
 *   | 'UPSTREAM_REFUSED' | 'UPSTREAM_FAILED' | 'UPSTREAM_TIMEOUT'
 *   | 'RESPONSE_TOO_LARGE' | 'STORE_UNAVAILABLE' | 'SHUTTING_DOWN'
 *   | 'RUN_LOST' | 'THREAD_DELETED'
 *   | 'CANCELLED' | 'CONNECTION_LOST' | 'CONNECTION_ENDED' | 'CLOSED'
 *   | 'TIMEOUT' | 'RESET' | 'ERROR'} ErrorCode
 */

/**
 * @typedef {object} FinalEvent
 * @property {'final'} type
 * @property {string} requestId
 * @property {string} message the whole answer
 * @property {number} latencyMs
 * @property {{inputTokens: number, outputTokens: number, cachedInputTokens?: number, reasoningTokens?: number}} [usage]
 * @property {string} [finishReason]
 * @property {Interrupt[]} [interrupts] what the agent asks before it goes on:
 *   answered by the next message's `answers`
 */

/**
 * @typedef {{interruptId: string, value: unknown}} Interrupt
 */

/**
 * @typedef {{type: 'token', requestId: string, value: string}} TokenEvent
 * @typedef {{type: 'cancelled', requestId: string, kept?: true}} CancelledEvent
 * @typedef {{type: 'alive', requestId: string}} AliveEvent
 * @typedef {{type: 'pong', t?: unknown}} PongEvent
 */

/**
 * Of runs that this connection has not begun: one goes on, none does, another
 * connection has begun one.
 *
 * @typedef {{type: 'following', requestId: string, content: Content,
 *   metadata?: Record<string, string>, replaces?: string, position?: number}} FollowingEvent
 * @typedef {{type: 'idle', lastRequestId?: string}} IdleEvent
 * @typedef {{type: 'message', requestId: string, content: Content,
 *   metadata?: Record<string, string>, replaces?: string}} MessageEvent
 * @typedef {{type: 'reset', requestId: string}} ResetEvent
 */

/**
 * What an agent says besides its text.
 *
 * @typedef {{type: 'reasoning', requestId: string, value: string, message?: string}} ReasoningEvent
 * @typedef {{type: 'tool-call', requestId: string, toolCallId: string, name: string}
 *   | {type: 'tool-input', requestId: string, toolCallId: string, value: string}
 *   | {type: 'tool-call-end', requestId: string, toolCallId: string, input: unknown}
 *   | {type: 'tool-result', requestId: string, toolCallId: string, output?: unknown, error?: string}
 * } ToolEvent
 * @typedef {{type: 'source', requestId: string, url?: string, title?: string}} SourceEvent
 * @typedef {{type: 'data', requestId: string, name: string, value: unknown}} DataEvent
 */

/**
 * What an answer consists of. A tool's `text` is its input as it comes; `input`
 * is there once it is whole, `output` or `error` once there is a result.
 *
 * @typedef {{type: 'text' | 'reasoning', text: string, message?: string}
 *   | {type: 'tool', toolCallId: string, name?: string, text: string,
 *     input?: unknown, output?: unknown, error?: string}
 *   | {type: 'source', url?: string, title?: string}
 *   | {type: 'data', name: string, value: unknown}} Part
 */

/**
 * @typedef {object} ErrorEvent
 * @property {'error'} type
 * @property {string} [requestId]
 * @property {string} message
 * @property {boolean} retryable
 * @property {ErrorCode} [code]
 * @property {number} [retryAfterMs]
 */

/**
 * @typedef {TokenEvent | FinalEvent | ErrorEvent | CancelledEvent | PongEvent
 *   | AliveEvent | FollowingEvent | IdleEvent | MessageEvent | ResetEvent
 *   | ReasoningEvent | ToolEvent | SourceEvent | DataEvent} ServerEvent
 */

/**
 * @template T
 * @typedef {T | Promise<T> | (() => T | Promise<T>)} Given as it is, or by a
 *   function that is called for each socket; where that throws, the attempt
 *   has failed, for good if the error's retryable is false
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {Given<string | URL>} [url] the thread endpoint, ws, wss, http,
 *   https or relative to the page. Default: /api/chat/ws
 * @property {Given<string | string[] | undefined>} [protocols] subprotocols to
 *   offer; where 'thread-ws' is among them, or none is set, 'thread-ws.v2' goes
 *   before it
 * @property {boolean} [resume] whether to follow runs: those of an earlier
 *   socket, page or tab. Default: where the server chooses 'thread-ws.v2'
 * @property {readonly number[]} [backoff] ms before each of the first attempts
 *   to come back
 * @property {number} [retryEveryMs] ms between those that follow; 0: none, the
 *   user is asked
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
 * @property {typeof globalThis.fetch | null} [fetch] by which a handshake that
 *   failed is looked into; null: not at all
 */

/**
 * @typedef {object} RunListeners
 * @property {(delta: string, run: Run) => void} [onToken]
 * @property {(run: Run) => void} [onReset] what was told of the answer is void:
 *   it begins anew
 */

/**
 * How a run that was refused before it began, or was lost, is sent again under
 * its name.
 *
 * @typedef {object} Retries
 * @property {number} [times] 5
 * @property {number} [withinMs] 60000, from the first refusal
 * @property {boolean} [begun] whether also one that may have begun: its agent
 *   is asked twice then. false
 */

/**
 * A message's content: text, or parts.
 *
 * @typedef {string | ({type: 'text', text: string}
 *   | {type: 'image' | 'file' | 'audio', url: string, mediaType?: string, filename?: string}
 * )[]} Content
 */

/**
 * What a message may have beside its content. A server that knows it not refuses
 * the message.
 *
 * @typedef {object} Beside
 * @property {{toolCallId: string, output?: unknown, error?: string}[]} [toolResults]
 *   for calls that the thread's last run left open; all of them
 * @property {{interruptId: string, value: unknown}[]} [answers] to the interrupts
 *   of the thread's last run
 * @property {string} [replaces] the requestId of a run in the history: it and all
 *   after it give way to this one, once it is answered
 * @property {Record<string, unknown>} [parameters] for the agent
 * @property {Record<string, string>} [metadata] kept with the run
 */

/** @typedef {Beside & {requestId: string, content?: Content}} Message */

/**
 * @typedef {object} SendOnly
 * @property {string} [requestId] names the run. A retry gives the failed
 *   run's, so that the message is not answered twice. Default: a new UUID
 * @property {AbortSignal} [signal] cancels the run
 * @property {number | false | Retries} [retries] a number: so many times, also
 *   what has begun; false: never
 */

/** @typedef {SendOnly & Beside & RunListeners} SendOptions */

/**
 * One run: a promise of its final event, and an async iterable of its deltas;
 * who leaves that before its end cancels. `own`: this connection has begun it;
 * `text`: what has come of the answer.
 *
 * @typedef {Promise<FinalEvent> & AsyncIterable<string> & {
 *   readonly requestId: string,
 *   readonly content?: Content,
 *   readonly metadata?: Record<string, string>,
 *   readonly replaces?: string,
 *   readonly own: boolean,
 *   readonly text: string,
 *   cancel(): void,
 * }} Run
 */

/**
 * @typedef {object} ConnectionEvents
 * @property {ConnectionState} state
 * @property {ServerEvent} event every event of the server, as it came
 * @property {Run} run one that this connection has not begun: by another tab or
 *   device, or before the page was loaded
 * @property {{message: string, data: unknown}} warning what was ignored, for
 *   the log: events for no known run, errors that belong to none
 */

/**
 * How the socket was lost.
 *
 * @typedef {object} Loss
 * @property {boolean} [all] also for what was never sent
 * @property {string} message
 * @property {ErrorCode} code
 * @property {boolean} [retryable]
 * @property {number} [closeCode]
 */

/**
 * @typedef {object} Entry
 * @property {Run} run
 * @property {Message} message
 * @property {boolean} own
 * @property {boolean} sent it is the server's affair, as far as is known
 * @property {boolean} begun something was heard of it
 * @property {boolean} cancelled
 * @property {number} [position] after what was heard of it, as the server counts
 * @property {Required<Retries>} retries
 * @property {number} tries how often it was sent again
 * @property {number} [until] no later than that
 * @property {ReturnType<typeof setTimeout>} [waiting] for that
 * @property {number} heard when the run was last heard of, or can be at the
 *   latest while something large is on its way
 * @property {number} size characters of the answer that have come
 * @property {(listeners: RunListeners) => void} listen
 * @property {(delta: string) => void} push
 * @property {() => void} again what follows tells it from its beginning
 * @property {() => void} reset what was told is void
 * @property {(event: FinalEvent) => void} end
 * @property {(error: ThreadError) => void} fail
 */

export {};
