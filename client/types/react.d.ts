/**
 * Keeps one connection for as long as the component is mounted.
 *
 * @param {string | null | undefined} threadId none: no connection
 * @param {ConnectionOptions} [options] read when a connection is made; another
 *   `url` makes another connection
 * @param {(connection: ThreadConnection) => void} [onMade] to listen from its
 *   beginning
 * @returns {ThreadConnectionHook}
 */
export function useThreadConnection(threadId: string | null | undefined, options?: ConnectionOptions, onMade?: (connection: ThreadConnection) => void): ThreadConnectionHook;
/**
 * What to show of a connection's recovery, with a count of the seconds.
 *
 * @param {Pick<ThreadConnectionHook, 'state' | 'retry'>} connection of
 *   useThreadConnection
 * @returns {ReconnectionHook}
 */
export function useReconnection({ state, retry }: Pick<ThreadConnectionHook, "state" | "retry">): ReconnectionHook;
/**
 * A thread's messages, the text that is being written, and what is under way,
 * here or in other tabs.
 *
 * @param {string | null | undefined} threadId
 * @param {ConnectionOptions & ChatOptions} [options]
 * @returns {ChatMessagesHook}
 */
export function useChatMessages(threadId: string | null | undefined, options?: ConnectionOptions & ChatOptions): ChatMessagesHook;
export type ConnectionOptions = import("./index.js").ConnectionOptions;
export type ConnectionState = import("./index.js").ConnectionState;
export type Run = import("./index.js").Run;
export type SendOptions = import("./index.js").SendOptions;
export type ThreadError = import("./index.js").ThreadError;
export type Content = import("./types.js").Content;
export type ThreadConnectionHook = {
    state: ConnectionState;
    status: ConnectionState["status"];
    isConnected: boolean;
    send: (content: Content | undefined, options?: SendOptions) => Run;
    /**
     * the named run, or all
     */
    cancel: (requestId?: string) => void;
    retry: () => void;
    connectionRef: {
        readonly current: ThreadConnection | null;
    };
};
export type ReconnectionHook = {
    /**
     * attempts are made, or waited for; the one
     * that follows a server's restart at once is not told
     */
    isReconnecting: boolean;
    /**
     * no more attempts are made by themselves
     */
    isDisconnected: boolean;
    /**
     * there is no network: the attempt waits for it
     */
    isOffline: boolean;
    /**
     * from 1; 0 for none
     */
    attempt: number;
    /**
     * Infinity where they do not end
     */
    maxAttempts: number;
    /**
     * until the next attempt
     */
    secondsLeft: number;
    /**
     * whether retry() can help
     */
    canRetry: boolean;
    reason?: string | undefined;
    retry: () => void;
};
/**
 * What may go with a message.
 */
export type MessageOptions = Omit<SendOptions, "requestId" | "onToken" | "onReset">;
export type ChatMessage = {
    id: string;
    role: "user" | "assistant";
    /**
     * of an answer always its text
     */
    content: Content;
    requestId?: string | undefined;
    /**
     * that a message of the user was sent with
     */
    options?: MessageOptions | undefined;
    /**
     * of an answer, where
     * they are asked for
     */
    parts?: readonly import("./types.js").Part[] | undefined;
    /**
     * what the agent asks
     * before it goes on: answered by `sendMessage('', { answers })`
     */
    interrupts?: import("./types.js").Interrupt[] | undefined;
    finishReason?: string | undefined;
    /**
     * absent for those that came from elsewhere
     */
    status?: "done" | "streaming" | "sending" | "failed" | "stopped" | undefined;
    /**
     * why a message of the user failed
     */
    error?: import("./run.js").ThreadError | undefined;
};
export type ChatOptions = {
    initialMessages?: ChatMessage[] | undefined;
    /**
     * gives
     * what is there already: asked when a thread is shown, and when it has grown
     * while nobody was connected. That of thread-ws/history is one
     */
    loadHistory?: ((threadId: string) => Promise<ChatMessage[]>) | undefined;
    /**
     * how often an answer that grows is rendered at
     * most; default: once a frame; 0: with each delta
     */
    throttleMs?: number | undefined;
    /**
     * what had come of an answer that was
     * stopped, or failed, stays, as 'stopped'. Default: where the server keeps it
     */
    keepPartial?: boolean | undefined;
    /**
     * that of
     * thread-ws/parts: answers have parts then
     */
    parts?: typeof import("./parts.js").trackParts | undefined;
};
export type ChatMessagesHook = {
    messages: ChatMessage[];
    setMessages: import("react").Dispatch<import("react").SetStateAction<ChatMessage[]>>;
    input: string;
    setInput: import("react").Dispatch<import("react").SetStateAction<string>>;
    /**
     *   what is in the input, unless given; null where there is nothing to send, or
     *   no connection: what is in the input stays there. With `replaces`, a message's
     *   requestId, that message and all after it give way; they are back if the run
     *   fails
     */
    sendMessage: (content?: Content, options?: MessageOptions) => Run | null;
    /**
     *   that message anew: it and all after it give way
     */
    edit: (requestId: string, content?: Content, options?: MessageOptions) => Run | null;
    /**
     * another answer to the
     * named message, or to the last one that was answered
     */
    regenerate: (requestId?: string) => Run | null;
    /**
     * stops the answer; the text returns to the input
     */
    cancel: () => void;
    /**
     * the named message that
     * failed, or the last one
     */
    retry: (requestId?: string) => Run | null;
    /**
     * an answer is awaited, or comes
     */
    isStreaming: boolean;
    /**
     * of the last message
     */
    error: ThreadError | null;
    connection: ThreadConnectionHook;
};
import { ThreadConnection } from './index.js';
