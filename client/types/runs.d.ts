/** @param {Line} line */
export function createRuns({ threadId, socket, answerTimeoutMs, resume, begun, warn }: Line): {
    /** @returns {Run[]} */
    readonly list: Run[];
    /** resolves once it is known what runs */
    known: Promise<void>;
    find: (requestId: string) => import("./types.js").Entry | undefined;
    make: (message: import("./types.js").Message, own: boolean, retries?: SendOptions["retries"]) => Entry;
    add: (entry: Entry) => void;
    cancelAll: (requestId?: string) => void;
    flush: () => void;
    hurry: () => void;
    opened: (protocol: string) => void;
    lost: ({ all, message, ...detail }: Loss) => void;
    heard: (event: any) => boolean;
    expire: (now: number) => number;
};
export const OTHER: "This requestId names another message.";
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
export type Runs = ReturnType<typeof createRuns>;
