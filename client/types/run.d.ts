/**
 * A UUID. The browser's own function is absent on pages that came by plain
 * http from another machine.
 *
 * @returns {string}
 */
export function newRequestId(): string;
/**
 * Calls what the application has handed in. What that throws is its own fault,
 * and nobody else's: told as uncaught.
 *
 * @param {((...args: any[]) => void) | undefined} listener
 * @param {...any} args
 */
export function call(listener: ((...args: any[]) => void) | undefined, ...args: any[]): void;
/**
 * @param {Message} message
 * @param {() => void} cancel
 * @param {boolean} own begun by this connection
 * @param {Entry['retries']} retries
 * @returns {Entry}
 */
export function createEntry(message: Message, cancel: () => void, own: boolean, retries: Entry["retries"]): Entry;
export function noop(): void;
/** Why a run failed. */
export class ThreadError extends Error {
    /**
     * @param {string} message
     * @param {{code?: ErrorCode, retryable?: boolean, requestId?: string, retryAfterMs?: number, closeCode?: number, kept?: boolean}} detail
     */
    constructor(message: string, { code, retryable, requestId, retryAfterMs, closeCode, kept }: {
        code?: ErrorCode;
        retryable?: boolean;
        requestId?: string;
        retryAfterMs?: number;
        closeCode?: number;
        kept?: boolean;
    });
    /** @type {ErrorCode} the server's, or the client's own */
    code: ErrorCode;
    /** whether sending again, with the same requestId, can help */
    retryable: boolean;
    requestId: string | undefined;
    retryAfterMs: number | undefined;
    closeCode: number | undefined;
    /** what had come of the answer is in the thread's history */
    kept: boolean;
    /** @type {string} what had come of the answer */
    partial: string;
}
export type Entry = import("./types.js").Entry;
export type ErrorCode = import("./types.js").ErrorCode;
export type FinalEvent = import("./types.js").FinalEvent;
export type Message = import("./types.js").Message;
export type Run = import("./types.js").Run;
export type RunListeners = import("./types.js").RunListeners;
