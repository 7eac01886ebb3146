export type ThreadError = import("./run.js").ThreadError;
export type Status = "connecting" | "connected" | "reconnecting" | "disconnected" | "closed";
/**
 * What a connection is doing now. The object is replaced with each change,
 * never altered.
 */
export type ConnectionState = {
    status: Status;
    /**
     * the number of the current attempt to come back,
     * from 1; 0 for none, or for the first one after the server's restart
     */
    attempt: number;
    /**
     * attempts made before the user is asked;
     * Infinity where that is never
     */
    maxAttempts: number;
    /**
     * ms from the drop to the attempt; 0 once it is made
     */
    delay: number;
    /**
     * when the attempt will be made, as Date.now()
     * counts; 0 for none
     */
    retryAt: number;
    /**
     * the close code that led here
     */
    code?: number | undefined;
    /**
     * for people: why the connection is not there
     */
    reason?: string | undefined;
    /**
     * whether retry() can help
     */
    retryable: boolean;
    /**
     * there is no network: the attempt waits for it
     */
    offline?: boolean | undefined;
    /**
     * what the server answers in the place of a
     * handshake, where that could be found out
     */
    httpStatus?: number | undefined;
};
/**
 * The server's codes, and the client's own: the last two rows.
 */
export type ErrorCode = "INVALID_JSON" | "INVALID_MESSAGE" | "DUPLICATE_REQUEST" | "SUPERSEDED" | "FORBIDDEN" | "RATE_LIMITED" | "BUSY" | "UPSTREAM_UNAVAILABLE" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_REJECTED" | "UPSTREAM_REFUSED" | "UPSTREAM_FAILED" | "UPSTREAM_TIMEOUT" | "RESPONSE_TOO_LARGE" | "STORE_UNAVAILABLE" | "SHUTTING_DOWN" | "RUN_LOST" | "THREAD_DELETED" | "CANCELLED" | "CONNECTION_LOST" | "CONNECTION_ENDED" | "CLOSED" | "TIMEOUT" | "RESET" | "ERROR";
export type FinalEvent = {
    type: "final";
    requestId: string;
    /**
     * the whole answer
     */
    message: string;
    latencyMs: number;
    usage?: {
        inputTokens: number;
        outputTokens: number;
        cachedInputTokens?: number;
        reasoningTokens?: number;
    } | undefined;
    finishReason?: string | undefined;
    /**
     * what the agent asks before it goes on:
     * answered by the next message's `answers`
     */
    interrupts?: Interrupt[] | undefined;
};
export type Interrupt = {
    interruptId: string;
    value: unknown;
};
export type TokenEvent = {
    type: "token";
    requestId: string;
    value: string;
};
export type CancelledEvent = {
    type: "cancelled";
    requestId: string;
    kept?: true;
};
export type AliveEvent = {
    type: "alive";
    requestId: string;
};
export type PongEvent = {
    type: "pong";
    t?: unknown;
};
/**
 * Of runs that this connection has not begun: one goes on, none does, another
 * connection has begun one.
 */
export type FollowingEvent = {
    type: "following";
    requestId: string;
    content: Content;
    metadata?: Record<string, string>;
    replaces?: string;
    position?: number;
};
/**
 * Of runs that this connection has not begun: one goes on, none does, another
 * connection has begun one.
 */
export type IdleEvent = {
    type: "idle";
    lastRequestId?: string;
};
/**
 * Of runs that this connection has not begun: one goes on, none does, another
 * connection has begun one.
 */
export type MessageEvent = {
    type: "message";
    requestId: string;
    content: Content;
    metadata?: Record<string, string>;
    replaces?: string;
};
/**
 * Of runs that this connection has not begun: one goes on, none does, another
 * connection has begun one.
 */
export type ResetEvent = {
    type: "reset";
    requestId: string;
};
/**
 * What an agent says besides its text.
 */
export type ReasoningEvent = {
    type: "reasoning";
    requestId: string;
    value: string;
    message?: string;
};
/**
 * What an agent says besides its text.
 */
export type ToolEvent = {
    type: "tool-call";
    requestId: string;
    toolCallId: string;
    name: string;
} | {
    type: "tool-input";
    requestId: string;
    toolCallId: string;
    value: string;
} | {
    type: "tool-call-end";
    requestId: string;
    toolCallId: string;
    input: unknown;
} | {
    type: "tool-result";
    requestId: string;
    toolCallId: string;
    output?: unknown;
    error?: string;
};
/**
 * What an agent says besides its text.
 */
export type SourceEvent = {
    type: "source";
    requestId: string;
    url?: string;
    title?: string;
};
/**
 * What an agent says besides its text.
 */
export type DataEvent = {
    type: "data";
    requestId: string;
    name: string;
    value: unknown;
};
/**
 * What an answer consists of. A tool's `text` is its input as it comes; `input`
 * is there once it is whole, `output` or `error` once there is a result.
 */
export type Part = {
    type: "text" | "reasoning";
    text: string;
    message?: string;
} | {
    type: "tool";
    toolCallId: string;
    name?: string;
    text: string;
    input?: unknown;
    output?: unknown;
    error?: string;
} | {
    type: "source";
    url?: string;
    title?: string;
} | {
    type: "data";
    name: string;
    value: unknown;
};
export type ErrorEvent = {
    type: "error";
    requestId?: string | undefined;
    message: string;
    retryable: boolean;
    code?: ErrorCode | undefined;
    retryAfterMs?: number | undefined;
};
export type ServerEvent = TokenEvent | FinalEvent | ErrorEvent | CancelledEvent | PongEvent | AliveEvent | FollowingEvent | IdleEvent | MessageEvent | ResetEvent | ReasoningEvent | ToolEvent | SourceEvent | DataEvent;
/**
 * as it is, or by a
 *   function that is called for each socket; where that throws, the attempt
 *   has failed, for good if the error's retryable is false
 */
export type Given<T> = T | Promise<T> | (() => T | Promise<T>);
export type ConnectionOptions = {
    /**
     * the thread endpoint, ws, wss, http,
     * https or relative to the page. Default: /api/chat/ws
     */
    url?: Given<string | URL> | undefined;
    /**
     * subprotocols to
     * offer; where 'thread-ws' is among them, or none is set, 'thread-ws.v2' goes
     * before it
     */
    protocols?: Given<string | string[] | undefined>;
    /**
     * whether to follow runs: those of an earlier
     * socket, page or tab. Default: where the server chooses 'thread-ws.v2'
     */
    resume?: boolean | undefined;
    /**
     * ms before each of the first attempts
     * to come back
     */
    backoff?: readonly number[] | undefined;
    /**
     * ms between those that follow; 0: none, the
     * user is asked
     */
    retryEveryMs?: number | undefined;
    /**
     * 0 to 1: the part of a delay that chance may
     * take off
     */
    jitter?: number | undefined;
    /**
     * the longest wait before coming back to
     * a server that restarts (close code 1012)
     */
    restartSpreadMs?: number | undefined;
    /**
     * while an answer is awaited, a connection
     * without a sign of life for so long counts as dropped; 0 to never say so
     */
    livenessMs?: number | undefined;
    /**
     * a handshake that takes longer failed
     */
    connectTimeoutMs?: number | undefined;
    /**
     * a run that hears nothing for so long
     * fails and is cancelled; 0 to wait for ever
     */
    answerTimeoutMs?: number | undefined;
    /**
     * the constructor, where there is no global one
     */
    WebSocket?: any;
    /**
     * where online and offline are told
     */
    network?: EventTarget | null | undefined;
    /**
     * by which a handshake that
     * failed is looked into; null: not at all
     */
    fetch?: typeof fetch | null | undefined;
};
export type RunListeners = {
    onToken?: ((delta: string, run: Run) => void) | undefined;
    /**
     * what was told of the answer is void:
     * it begins anew
     */
    onReset?: ((run: Run) => void) | undefined;
};
/**
 * How a run that was refused before it began, or was lost, is sent again under
 * its name.
 */
export type Retries = {
    /**
     * 5
     */
    times?: number | undefined;
    /**
     * 60000, from the first refusal
     */
    withinMs?: number | undefined;
    /**
     * whether also one that may have begun: its agent
     * is asked twice then. false
     */
    begun?: boolean | undefined;
};
/**
 * A message's content: text, or parts.
 */
export type Content = string | ({
    type: "text";
    text: string;
} | {
    type: "image" | "file" | "audio";
    url: string;
    mediaType?: string;
    filename?: string;
})[];
/**
 * What a message may have beside its content. A server that knows it not refuses
 * the message.
 */
export type Beside = {
    /**
     * for calls that the thread's last run left open; all of them
     */
    toolResults?: {
        toolCallId: string;
        output?: unknown;
        error?: string;
    }[] | undefined;
    /**
     * to the interrupts
     * of the thread's last run
     */
    answers?: {
        interruptId: string;
        value: unknown;
    }[] | undefined;
    /**
     * the requestId of a run in the history: it and all
     * after it give way to this one, once it is answered
     */
    replaces?: string | undefined;
    /**
     * for the agent
     */
    parameters?: Record<string, unknown> | undefined;
    /**
     * kept with the run
     */
    metadata?: Record<string, string> | undefined;
};
export type Message = Beside & {
    requestId: string;
    content?: Content;
};
export type SendOnly = {
    /**
     * names the run. A retry gives the failed
     * run's, so that the message is not answered twice. Default: a new UUID
     */
    requestId?: string | undefined;
    /**
     * cancels the run
     */
    signal?: AbortSignal | undefined;
    /**
     * a number: so many times, also
     * what has begun; false: never
     */
    retries?: number | false | Retries | undefined;
};
export type SendOptions = SendOnly & Beside & RunListeners;
/**
 * One run: a promise of its final event, and an async iterable of its deltas;
 * who leaves that before its end cancels. `own`: this connection has begun it;
 * `text`: what has come of the answer.
 */
export type Run = Promise<FinalEvent> & AsyncIterable<string> & {
    readonly requestId: string;
    readonly content?: Content;
    readonly metadata?: Record<string, string>;
    readonly replaces?: string;
    readonly own: boolean;
    readonly text: string;
    cancel(): void;
};
export type ConnectionEvents = {
    state: ConnectionState;
    /**
     * every event of the server, as it came
     */
    event: ServerEvent;
    /**
     * one that this connection has not begun: by another tab or
     * device, or before the page was loaded
     */
    run: Run;
    /**
     * what was ignored, for
     * the log: events for no known run, errors that belong to none
     */
    warning: {
        message: string;
        data: unknown;
    };
};
/**
 * How the socket was lost.
 */
export type Loss = {
    /**
     * also for what was never sent
     */
    all?: boolean | undefined;
    message: string;
    code: ErrorCode;
    retryable?: boolean | undefined;
    closeCode?: number | undefined;
};
export type Entry = {
    run: Run;
    message: Message;
    own: boolean;
    /**
     * it is the server's affair, as far as is known
     */
    sent: boolean;
    /**
     * something was heard of it
     */
    begun: boolean;
    cancelled: boolean;
    /**
     * after what was heard of it, as the server counts
     */
    position?: number | undefined;
    retries: Required<Retries>;
    /**
     * how often it was sent again
     */
    tries: number;
    /**
     * no later than that
     */
    until?: number | undefined;
    /**
     * for that
     */
    waiting?: number | undefined;
    /**
     * when the run was last heard of, or can be at the
     * latest while something large is on its way
     */
    heard: number;
    /**
     * characters of the answer that have come
     */
    size: number;
    listen: (listeners: RunListeners) => void;
    push: (delta: string) => void;
    /**
     * what follows tells it from its beginning
     */
    again: () => void;
    /**
     * what was told is void
     */
    reset: () => void;
    end: (event: FinalEvent) => void;
    fail: (error: ThreadError) => void;
};
