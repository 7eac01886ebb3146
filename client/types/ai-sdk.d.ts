/**
 * @implements {Transport}
 */
export class ThreadChatTransport implements Transport {
    /** @param {ConnectionOptions & TransportOptions} [options] */
    constructor({ storage, metadata, ignore, ...options }?: ConnectionOptions & TransportOptions);
    /** A resumed stream begins at the answer's beginning. */
    resumeStreamIsReplay: boolean;
    /**
     * A chat's connection, for its state and retry(). It is made when it is
     * first asked for, and kept until close().
     *
     * @param {string} chatId
     * @returns {ThreadConnection}
     */
    connection(chatId: string): ThreadConnection;
    /**
     * Closes a chat's connection, or all of them.
     *
     * @param {string} [chatId]
     */
    close(chatId?: string): void;
    /**
     * @param {Parameters<Transport['sendMessages']>[0]} options
     * @returns {Promise<ReadableStream<UIMessageChunk>>}
     */
    sendMessages(options: Parameters<Transport["sendMessages"]>[0]): Promise<ReadableStream<UIMessageChunk>>;
    /**
     * The answer under way, from its beginning: one that this page has asked for;
     * with a storage, the one that was awaited when the page was left, which the
     * server answers from its store, or anew; or, where the server lets runs be
     * followed, whichever it has.
     *
     * @param {Parameters<Transport['reconnectToStream']>[0]} options
     * @returns {Promise<ReadableStream<UIMessageChunk> | null>}
     */
    reconnectToStream({ chatId, abortSignal }: Parameters<Transport["reconnectToStream"]>[0]): Promise<ReadableStream<UIMessageChunk> | null>;
    #private;
}
export type ConnectionOptions = import("./index.js").ConnectionOptions;
export type FinalEvent = import("./index.js").FinalEvent;
export type Run = import("./index.js").Run;
export type UIMessage = import("ai").UIMessage;
export type UIMessageChunk = import("ai").UIMessageChunk;
export type Transport = import("ai").ChatTransport<UIMessage>;
export type TransportOptions = {
    /**
     * where to note messages that await an answer (sessionStorage, say), so that
     * reconnectToStream() can ask for them after a reload of the page
     */
    storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
    /**
     * the answer's metadata
     */
    metadata?: ((final: FinalEvent) => unknown) | undefined;
    /**
     * what may be left out of a message where it is
     * given; all else that cannot be sent is refused
     */
    ignore?: Carried[] | undefined;
};
/**
 * What useChat hands to a transport and a thread's message has no place for.
 */
export type Carried = "headers" | "body" | "metadata" | "files" | "tools";
export type Asked = {
    requestId: string;
    content: string;
    done: boolean;
};
export type Chat = {
    connection: ThreadConnection;
    /**
     * by the message's id
     */
    asked: Map<string, Asked>;
    /**
     * what is under way
     */
    run: Run | null;
    /**
     * ends that
     */
    stop: () => void;
};
import { ThreadConnection } from './index.js';
