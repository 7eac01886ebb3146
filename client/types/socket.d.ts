/**
 * @param {ConnectionOptions} options
 * @param {Host} host
 */
export function createSocket({ url, protocols, backoff, retryEveryMs, jitter, restartSpreadMs, livenessMs, connectTimeoutMs, WebSocket, network: signs, fetch, }: ConnectionOptions, host: Host): {
    readonly state: import("./types.js").ConnectionState;
    /** Whether what is sent now goes out. */
    readonly ready: boolean;
    send: (command: object) => number;
    watch: () => void;
    retry: () => void;
    leave: () => void;
    close: () => void;
};
export type ConnectionOptions = import("./types.js").ConnectionOptions;
export type ConnectionState = import("./types.js").ConnectionState;
export type Loss = import("./types.js").Loss;
export type Status = import("./types.js").Status;
/**
 * what rides on the socket
 */
export type Host = {
    /**
     * names the thread in the url
     */
    address: (url: URL) => void;
    entered: (state: ConnectionState) => void;
    opened: (protocol: string) => void;
    heard: (data: unknown) => void;
    lost: (loss: Loss) => void;
    /**
     * as the pulse's
     */
    awaited: (now: number) => number;
};
export type ThreadSocket = ReturnType<typeof createSocket>;
