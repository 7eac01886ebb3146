/**
 * React hooks (18 and 19): a thread's connection, its recovery, its messages.
 *
 * @module thread-ws/react
 */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { ThreadConnection, ThreadError, newRequestId } from './index.js';

/**
 * @typedef {import('./index.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./index.js').ConnectionState} ConnectionState
 * @typedef {import('./index.js').Run} Run
 * @typedef {import('./index.js').SendOptions} SendOptions
 */

/**
 * @typedef {object} ThreadConnectionHook
 * @property {ConnectionState} state
 * @property {ConnectionState['status']} status
 * @property {boolean} isConnected
 * @property {(content: string, options?: SendOptions) => Run} send
 * @property {(requestId?: string) => void} cancel the named run, or all
 * @property {() => void} retry
 * @property {{readonly current: ThreadConnection | null}} connectionRef
 */

/**
 * @typedef {object} ReconnectionHook
 * @property {boolean} isReconnecting attempts are made, or waited for
 * @property {boolean} isDisconnected no more attempts are made by themselves
 * @property {number} attempt from 1; 0 for none
 * @property {number} maxAttempts
 * @property {number} secondsLeft until the next attempt
 * @property {boolean} canRetry whether retry() can help
 * @property {string} [reason]
 * @property {() => void} retry
 */

/**
 * @typedef {object} ChatMessage
 * @property {string} id
 * @property {'user' | 'assistant'} role
 * @property {string} content
 * @property {string} [requestId]
 * @property {'sending' | 'streaming' | 'done' | 'failed'} [status] absent for
 *   those that came from elsewhere
 * @property {ThreadError} [error] why a message of the user failed
 */

/**
 * @typedef {object} ChatMessagesHook
 * @property {ChatMessage[]} messages
 * @property {import('react').Dispatch<import('react').SetStateAction<ChatMessage[]>>} setMessages
 * @property {string} input
 * @property {import('react').Dispatch<import('react').SetStateAction<string>>} setInput
 * @property {(content?: string) => Run | null} sendMessage what is in the
 *   input, unless given; null where there is nothing to send, or no
 *   connection: what is in the input stays there
 * @property {() => void} cancel stops the answer; the text returns to the input
 * @property {(requestId?: string) => Run | null} retry the named message that
 *   failed, or the last one
 * @property {boolean} isStreaming an answer is awaited, or comes
 * @property {ThreadError | null} error of the last message
 * @property {ThreadConnectionHook} connection
 */

/** @type {ConnectionState} */
const CONNECTING = Object.freeze({
  status: 'connecting', attempt: 0, maxAttempts: 0, delay: 0, retryAt: 0,
  retryable: false,
});

/**
 * Keeps one connection for as long as the component is mounted.
 *
 * @param {string | null | undefined} threadId none: no connection
 * @param {ConnectionOptions} [options] read when a connection is made; another
 *   `url` makes another connection
 * @returns {ThreadConnectionHook}
 */
export function useThreadConnection(threadId, options = {}) {
  const connectionRef = useRef(/** @type {ThreadConnection | null} */ (null));
  const latest = useRef(options);
  const [state, setState] = useState(CONNECTING);
  const address = typeof options.url === 'function' ? '' : String(options.url ?? '');

  latest.current = options;

  useEffect(() => {
    if (threadId == null) {
      return undefined;
    }

    const connection = new ThreadConnection(threadId, latest.current);
    const off = connection.on('state', setState);

    connectionRef.current = connection;
    setState(connection.state);

    return () => {
      off();
      connection.close();
      connectionRef.current = null;
    };
  }, [threadId, address]);

  const send = useCallback(
    (/** @type {string} */ content, /** @type {SendOptions} */ sendOptions = {}) => {
      if (!connectionRef.current) {
        throw new Error('There is no connection: no thread is named, or the component is not mounted.');
      }
      return connectionRef.current.send(content, sendOptions);
    }, []);
  const cancel = useCallback(
    (/** @type {string | undefined} */ requestId) => connectionRef.current?.cancel(requestId), []);
  const retry = useCallback(() => connectionRef.current?.retry(), []);

  return useMemo(() => ({
    state,
    status: state.status,
    isConnected: state.status === 'connected',
    send,
    cancel,
    retry,
    connectionRef,
  }), [state, send, cancel, retry]);
}

/**
 * What to show of a connection's recovery, with a count of the seconds.
 *
 * @param {Pick<ThreadConnectionHook, 'state' | 'retry'>} connection of
 *   useThreadConnection
 * @returns {ReconnectionHook}
 */
export function useReconnection({ state, retry }) {
  const { status, attempt, maxAttempts, delay, retryAt, retryable, reason } = state;
  const [now, setNow] = useState(() => Date.now());

  useEffect(() => {
    if (!retryAt) {
      return undefined;
    }

    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);

    return () => clearInterval(timer);
  }, [retryAt]);

  /* the time that was noted last may be an old one */
  const left = Math.min(delay, retryAt - now);
  const secondsLeft = retryAt ? Math.max(0, Math.ceil(left / 1000)) : 0;

  return useMemo(() => ({
    isReconnecting: status === 'reconnecting',
    isDisconnected: status === 'disconnected',
    attempt,
    maxAttempts,
    secondsLeft,
    canRetry: retryable && (status === 'disconnected' || retryAt > 0),
    reason,
    retry,
  }), [status, attempt, maxAttempts, secondsLeft, retryable, retryAt, reason, retry]);
}

/** @param {string} requestId */
const answerId = (requestId) => `${requestId}-answer`;

/**
 * @param {ChatMessage[]} list
 * @param {string} id
 * @param {Partial<ChatMessage>} change
 */
const change = (list, id, change) =>
  list.map((message) => (message.id === id ? { ...message, ...change } : message));

/**
 * To the hook's user another connection in the place of the one that was closed
 * is a drop: there the message can be tried again.
 *
 * @param {ThreadError} failure
 * @param {ThreadConnection | null} connection
 */
function orReplaced(failure, connection) {
  return failure.code === 'CLOSED' && connection && connection.state.status !== 'closed'
    ? new ThreadError('The connection was replaced.',
      { code: 'CONNECTION_LOST', retryable: true, requestId: failure.requestId })
    : failure;
}

/**
 * A thread's messages, the text that is being written, and what is under way.
 *
 * @param {string | null | undefined} threadId
 * @param {ConnectionOptions & {initialMessages?: ChatMessage[]}} [options]
 * @returns {ChatMessagesHook}
 */
export function useChatMessages(threadId, options = {}) {
  const { initialMessages, ...connectionOptions } = options;
  const connection = useThreadConnection(threadId, connectionOptions);
  const { send, connectionRef } = connection;
  const [messages, setMessages] = useState(initialMessages ?? []);
  const [input, setInput] = useState('');
  const [error, setError] = useState(/** @type {ThreadError | null} */ (null));
  const [isStreaming, setStreaming] = useState(false);
  const active = useRef(/** @type {Run | null} */ (null));
  const stopped = useRef(/** @type {Run | null} */ (null));
  const shown = useRef(threadId);

  /* what handlers read between two renders */
  const latest = useRef({ messages, input, initialMessages });
  latest.current = { messages, input, initialMessages };

  useEffect(() => {
    if (shown.current !== threadId) {
      shown.current = threadId;
      setMessages(latest.current.initialMessages ?? []);
      setInput('');
      setError(null);
    }
    return () => {
      active.current = null;
      setStreaming(false);
    };
  }, [threadId]);

  const start = useCallback((/** @type {string} */ content, /** @type {string} */ requestId) => {
    const answer = answerId(requestId);
    const run = send(content, {
      requestId,
      onToken: (delta) => setMessages((list) => (
        list.some(({ id }) => id === answer)
          ? list.map((message) => (message.id === answer
            ? { ...message, content: message.content + delta } : message))
          : [...list, { id: answer, role: 'assistant', content: delta, requestId, status: 'streaming' }])),
    });

    active.current = run;
    setStreaming(true);
    setError(null);

    const end = () => {
      if (active.current === run) {
        active.current = null;
        setStreaming(false);
      }
    };

    run.then(({ message }) => {
      setMessages((list) => [
        ...change(list.filter(({ id }) => id !== answer), requestId, { status: 'done' }),
        { id: answer, role: 'assistant', content: message, requestId, status: 'done' },
      ]);
      end();

    }, (/** @type {ThreadError} */ failure) => {
      if (shown.current !== threadId) {
        return;
      }

      /* asked anew meanwhile, as StrictMode does, and shown as such */
      const again = active.current !== run && active.current?.content === content;

      if (failure.code === 'CANCELLED' || again) {
        /* it is no part of the thread: what was written can be changed */
        setMessages((list) => list.filter((message) => message.requestId !== requestId));
        setInput((text) => (text.trim() || again ? text : content));
      } else {
        const told = orReplaced(failure, connectionRef.current);
        setMessages((list) => change(list.filter(({ id }) => id !== answer),
          requestId, { status: 'failed', error: told }));
        setError(told);
      }
      end();
    });

    return run;
  }, [send, threadId, connectionRef]);

  const sendMessage = useCallback((/** @type {string | undefined} */ given) => {
    const content = given ?? latest.current.input;
    const running = active.current;

    if (!content.trim() || !connectionRef.current) {
      return null;
    }
    if (running?.content === content && running !== stopped.current) {
      /* a second click on the same */
      return running;
    }

    const requestId = newRequestId();

    running?.cancel();
    latest.current.input = '';
    setInput('');
    setMessages((list) => [...list,
      { id: requestId, role: 'user', content, requestId, status: 'sending' }]);

    return start(content, requestId);
  }, [start, connectionRef]);

  const retry = useCallback((/** @type {string | undefined} */ requestId) => {
    const failed = latest.current.messages.filter(({ status }) => status === 'failed');
    const message = requestId === undefined ? failed.at(-1)
      : failed.find((it) => it.id === requestId);

    if (!message || !connectionRef.current) {
      return null;
    }
    if (active.current?.requestId === message.id) {
      /* a second click */
      return active.current;
    }

    active.current?.cancel();
    setMessages((list) => [...list.filter(({ id }) => id !== message.id),
      { ...message, status: 'sending', error: undefined }]);

    return start(message.content, message.id);
  }, [start, connectionRef]);

  const cancel = useCallback(() => {
    stopped.current = active.current;
    active.current?.cancel();
  }, []);

  return useMemo(() => ({
    messages,
    setMessages,
    input,
    setInput,
    sendMessage,
    cancel,
    retry,
    isStreaming,
    error,
    connection,
  }), [messages, input, sendMessage, cancel, retry, isStreaming, error, connection]);
}
