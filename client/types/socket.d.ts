export class ThreadSocket {
    /**
     * @param {ConnectionOptions} options
     * @param {Host} host
     */
    constructor(options: ConnectionOptions, host: Host);
    get state(): import("./types.js").ConnectionState;
    /** Whether what is sent now goes out. */
    get ready(): boolean;
    /**
     * @param {object} command
     */
    send(command: object): void;
    /** Something is awaited: see to it that the server is there. */
    watch(): void;
    /** Tries now, from scratch; a connection that is there is asked whether it is. */
    retry(): void;
    /** Leaves a server that is going, as if it had said so by 1012. */
    leave(): void;
    close(): void;
    settle(): void;
    #private;
}
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
