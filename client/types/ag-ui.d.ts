/**
 * Sends the input's last message and tells what becomes of it. A run that
 * fails ends with RUN_ERROR, never by throwing; the same runId again is a
 * retry, which is not answered twice.
 *
 * @param {ThreadConnection} connection
 * @param {RunInput} input
 * @param {{signal?: AbortSignal, ignore?: Carried[]}} [options] ignore: what may
 *   be left out where it is given
 * @returns {AsyncGenerator<RunEvent, void, void>}
 */
export function runEvents(connection: ThreadConnection, input: RunInput, { signal, ignore }?: {
    signal?: AbortSignal;
    ignore?: Carried[];
}): AsyncGenerator<RunEvent, void, void>;
/**
 * Makes a class of agents for a front end that takes AG-UI's AbstractAgent.
 * Its parts are handed in, so that this package depends on neither:
 *
 *     import { AbstractAgent } from '@ag-ui/client';
 *     import { Observable } from 'rxjs';
 *
 *     const ThreadAgent = defineThreadAgent({ AbstractAgent, Observable });
 *     const agent = new ThreadAgent({ threadId, connection: { url } });
 *
 * An agent keeps one connection for its thread until close().
 *
 * @param {{AbstractAgent: any, Observable: any}} parts
 * @returns {any}
 */
export function defineThreadAgent({ AbstractAgent, Observable }: {
    AbstractAgent: any;
    Observable: any;
}): any;
export type ConnectionOptions = import("./index.js").ConnectionOptions;
export type ThreadError = import("./index.js").ThreadError;
/**
 * What is read of AG-UI's RunAgentInput.
 */
export type RunInput = {
    /**
     * default: the connection's
     */
    threadId?: string | undefined;
    /**
     * the run's requestId
     */
    runId: string;
    /**
     * the last one of the
     * user is sent; the server knows the others
     */
    messages: {
        role: string;
        content?: unknown;
    }[];
    /**
     * refused, as are the next three, unless empty or
     * ignored
     */
    tools?: unknown[] | undefined;
    context?: unknown[] | undefined;
    state?: unknown;
    forwardedProps?: unknown;
    resume?: unknown[] | undefined;
};
export type Carried = "tools" | "context" | "state" | "forwardedProps" | "resume" | "files";
export type RunEvent = {
    type: "RUN_STARTED";
    threadId: string;
    runId: string;
} | {
    type: "TEXT_MESSAGE_START";
    messageId: string;
    role: "assistant";
} | {
    type: "TEXT_MESSAGE_CONTENT";
    messageId: string;
    delta: string;
} | {
    type: "TEXT_MESSAGE_END";
    messageId: string;
} | {
    type: "RUN_FINISHED";
    threadId: string;
    runId: string;
    outcome: {
        type: "success" | "cancelled";
    };
    usage?: {
        inputTokens?: number;
        outputTokens?: number;
    }[];
} | {
    type: "RUN_ERROR";
    message: string;
    code: string;
    rawEvent: {
        retryable: boolean;
        retryAfterMs?: number;
    };
};
import { ThreadConnection } from './index.js';
