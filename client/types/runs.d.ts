export const OTHER: "This requestId names another message.";
export class Runs {
    /** @param {Line} line */
    constructor(line: Line);
    /** resolves once it is known what runs @type {Promise<void>} */
    known: Promise<void>;
    /** @returns {Run[]} */
    get list(): Run[];
    /** @param {string} requestId */
    find(requestId: string): import("./types.js").Entry | undefined;
    /**
     * @param {string} requestId
     * @param {string} content
     * @param {boolean} own
     * @param {SendOptions['retries']} [retries]
     * @returns {Entry} one that is not counted among the runs
     */
    make(requestId: string, content: string, own: boolean, retries?: SendOptions["retries"]): Entry;
    /** @param {Entry} entry */
    add(entry: Entry): void;
    /** @param {string} [requestId] default: all */
    cancelAll(requestId?: string): void;
    /** @param {Entry} entry */
    cancel(entry: Entry): void;
    /** Sends what waits, in the order in which it came. */
    flush(): void;
    /** What waits for its time to be sent again waits no longer. */
    hurry(): void;
    /**
     * There is a socket: what has begun is followed, what waits is sent.
     *
     * @param {string} protocol
     */
    opened(protocol: string): void;
    /** @param {Loss} loss */
    lost({ all, message, ...detail }: Loss): void;
    /**
     * @param {any} event of the server
     * @returns {boolean} whether it is one, for the application
     */
    heard(event: any): boolean;
    /**
     * Fails the runs that have waited for too long.
     *
     * @param {number} now as performance.now() counts
     * @returns {number} when one of the others was last heard of, or can be at
     *   the latest while something large is on its way; 0 where none is left
     */
    expire(now: number): number;
    #private;
}
export type Entry = import("./types.js").Entry;
export type ErrorCode = import("./types.js").ErrorCode;
export type Loss = import("./types.js").Loss;
export type Run = import("./types.js").Run;
export type SendOptions = import("./types.js").SendOptions;
/**
 * what runs need of the connection
 */
export type Line = {
    threadId: string;
    socket: import("./socket.js").ThreadSocket;
    answerTimeoutMs: number;
    resume: boolean | undefined;
    /**
     * elsewhere
     */
    begun: (run: Run) => void;
    warn: (message: string, data: unknown) => void;
};
