/**
 * Runs as AG-UI events, for CopilotKit and other front ends that speak it.
 *
 * @module thread-ws/ag-ui
 */

import { ThreadConnection } from './index.js';

/**
 * @typedef {import('./index.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./index.js').ThreadError} ThreadError
 */

/**
 * What is read of AG-UI's RunAgentInput.
 *
 * @typedef {object} RunInput
 * @property {string} [threadId] default: the connection's
 * @property {string} runId the run's requestId
 * @property {{role: string, content?: unknown}[]} messages the last one of the
 *   user is sent; the server knows the others
 * @property {unknown[]} [tools] refused, as are the next three, unless empty or
 *   ignored
 * @property {unknown[]} [context]
 * @property {unknown} [state]
 * @property {unknown} [forwardedProps]
 * @property {unknown[]} [resume]
 */

/**
 * @typedef {'tools' | 'context' | 'state' | 'forwardedProps' | 'resume' | 'files'} Carried
 */

/**
 * @typedef {{type: 'RUN_STARTED', threadId: string, runId: string}
 *   | {type: 'TEXT_MESSAGE_START', messageId: string, role: 'assistant'}
 *   | {type: 'TEXT_MESSAGE_CONTENT', messageId: string, delta: string}
 *   | {type: 'TEXT_MESSAGE_END', messageId: string}
 *   | {type: 'RUN_FINISHED', threadId: string, runId: string, outcome: {type: 'success' | 'cancelled'}, usage?: {inputTokens?: number, outputTokens?: number}[]}
 *   | {type: 'RUN_ERROR', message: string, code: string, rawEvent: {retryable: boolean, retryAfterMs?: number}}} RunEvent
 */

/**
 * What of an input cannot be sent, by its name. Nothing is left out unsaid.
 *
 * @param {RunInput} input
 * @returns {Carried[]}
 */
function excess(input) {
  const { role, content } = input.messages.at(-1) ?? {};
  const names = /** @type {const} */ (['tools', 'context', 'state', 'forwardedProps', 'resume']);

  return [
    ...names.filter((name) => Object.keys(/** @type {any} */ (input)[name] ?? {}).length > 0
      || (name === 'tools' && role === 'tool')),
    .../** @type {Carried[]} */ (
      Array.isArray(content) && content.some(({ type }) => type !== 'text') ? ['files'] : []),
  ];
}

/** @param {unknown} content a string, or parts */
function textOf(content) {
  return Array.isArray(content)
    ? content.map((part) => (part.type === 'text' ? part.text : '')).join('')
    : String(content ?? '');
}

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
export async function* runEvents(connection, input, { signal, ignore = [] } = {}) {
  const { threadId = connection.threadId, runId, messages } = input;
  const refused = excess(input).filter((name) => !ignore.includes(name));

  if (refused.length) {
    yield { type: 'RUN_STARTED', threadId, runId };
    yield {
      type: 'RUN_ERROR', code: 'INVALID_MESSAGE',
      message: `A thread's message cannot carry ${refused.join(', ')}.`,
      rawEvent: { retryable: false },
    };
    return;
  }

  const content = textOf(messages.findLast(({ role }) => role === 'user')?.content);
  const run = connection.send(content, { requestId: runId, signal });
  let messageId = `${runId}-answer`;
  let open = false;
  let over = false;

  try {
    yield { type: 'RUN_STARTED', threadId, runId };

    while (!over) {
      try {
        for await (const delta of run) {
          if (!open) {
            open = true;
            yield { type: 'TEXT_MESSAGE_START', messageId, role: 'assistant' };
          }
          /* the protocol knows no empty delta */
          if (delta) {
            yield { type: 'TEXT_MESSAGE_CONTENT', messageId, delta };
          }
        }
        over = true;

      } catch (error) {
        over = /** @type {ThreadError} */ (error).code !== 'RESET';
        if (open) {
          open = false;
          yield { type: 'TEXT_MESSAGE_END', messageId };
        }
        if (over) {
          throw error;
        }
        /* it begins anew: another message */
        messageId += '+';
      }
    }

    if (open) {
      yield { type: 'TEXT_MESSAGE_END', messageId };
    }

    const { usage } = await run;
    yield {
      type: 'RUN_FINISHED', threadId, runId, outcome: { type: 'success' },
      ...usage && { usage: [usage] },
    };

  } catch (error) {
    const { code, message, retryable, retryAfterMs } = /** @type {ThreadError} */ (error);

    yield code === 'CANCELLED'
      ? { type: 'RUN_FINISHED', threadId, runId, outcome: { type: 'cancelled' } }
      : { type: 'RUN_ERROR', message, code, rawEvent: { retryable, retryAfterMs } };

  } finally {
    /* who stops reading wants no more of it */
    if (!over) {
      run.cancel();
    }
  }
}

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
export function defineThreadAgent({ AbstractAgent, Observable }) {
  return class ThreadAgent extends AbstractAgent {
    /** @type {ThreadConnection | null} */
    #connection = null;
    /** @type {AbortController | null} */
    #controller = null;
    #options;
    #ignore;

    /** @param {{connection?: ConnectionOptions, ignore?: Carried[]} & Record<string, any>} [config] */
    constructor({ connection, ignore, ...config } = {}) {
      super(config);
      this.#options = connection;
      this.#ignore = ignore;
    }

    /** The connection, for its state and retry(). */
    get connection() {
      if (this.#connection?.threadId !== this.threadId) {
        this.close();
      }
      this.#connection ??= new ThreadConnection(this.threadId, this.#options);
      return this.#connection;
    }

    /** @param {RunInput} input */
    run(input) {
      return new Observable((/** @type {any} */ subscriber) => {
        const controller = new AbortController();

        this.#controller = controller;

        (async () => {
          for await (const event of runEvents(this.connection, input,
            { signal: controller.signal, ignore: this.#ignore })) {
            subscriber.next(event);
          }
          subscriber.complete();
        })().catch((error) => subscriber.error(error));

        return () => controller.abort();
      });
    }

    abortRun() {
      this.#controller?.abort();
    }

    clone() {
      return new ThreadAgent({
        agentId: this.agentId,
        description: this.description,
        threadId: this.threadId,
        initialMessages: structuredClone(this.messages),
        initialState: structuredClone(this.state),
        connection: this.#options,
        ignore: this.#ignore,
      });
    }

    /** Ends the connection. The next run makes another one. */
    close() {
      this.#connection?.close();
      this.#connection = null;
    }
  };
}
