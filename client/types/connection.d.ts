export class ThreadConnection {
    /**
     * Opens the socket, unless close() is called in the same breath.
     *
     * @param {string} threadId
     * @param {ConnectionOptions} [options]
     */
    constructor(threadId: string, options?: ConnectionOptions);
    /** @readonly */
    readonly threadId: string;
    /** @returns {ConnectionState} */
    get state(): ConnectionState;
    /** What is under way, whoever began it, oldest first. */
    get runs(): import("./types.js").Run[];
    /**
     * The runs that go on, each from its beginning: once the server has said so,
     * or that it does not let runs be followed, or cannot be reached. (A list,
     * since a run alone is a promise, and would be waited for.)
     *
     * @returns {Promise<Run[]>}
     */
    underWay(): Promise<Run[]>;
    /**
     * Listens. The function returned ends it.
     *
     * @template {keyof ConnectionEvents} K
     * @param {K} type
     * @param {(arg: ConnectionEvents[K]) => void} listener
     * @returns {() => void}
     */
    on<K extends keyof ConnectionEvents>(type: K, listener: (arg: ConnectionEvents[K]) => void): () => void;
    /**
     * Sends a message: at once, or as soon as the connection is there. A
     * connection that has given up is tried again. What the server refuses before
     * it begins is sent again, as `retries` says.
     *
     * @param {Content | undefined} content
     * @param {SendOptions} [options]
     * @returns {Run}
     */
    send(content: Content | undefined, { requestId, signal, onToken, onReset, retries, ...others }?: SendOptions): Run;
    /**
     * Cancels the named run, or all of them, whoever began them. A run ends when
     * the server says so: as CANCELLED, or with its answer if that was complete
     * already.
     *
     * @param {string} [requestId]
     */
    cancel(requestId?: string): void;
    /**
     * Tries now, from scratch. Where a socket is there already, the server is
     * asked whether it is; what waits to be sent again is sent.
     */
    retry(): void;
    /** Ends the connection for good; what is running is given up. */
    close(): void;
    #private;
}
export type ConnectionEvents = import("./types.js").ConnectionEvents;
export type ConnectionOptions = import("./types.js").ConnectionOptions;
export type ConnectionState = import("./types.js").ConnectionState;
export type Content = import("./types.js").Content;
export type Entry = import("./types.js").Entry;
export type Run = import("./types.js").Run;
export type SendOptions = import("./types.js").SendOptions;
