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
 * @property {boolean} isReconnecting attempts are made, or waited for; the one
 *   that follows a server's restart at once is not told
 * @property {boolean} isDisconnected no more attempts are made by themselves
 * @property {boolean} isOffline there is no network: the attempt waits for it
 * @property {number} attempt from 1; 0 for none
 * @property {number} maxAttempts Infinity where they do not end
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
 * @property {'sending' | 'streaming' | 'done' | 'failed' | 'stopped'} [status]
 *   absent for those that came from elsewhere
 * @property {ThreadError} [error] why a message of the user failed
 */

/**
 * @typedef {object} ChatOptions
 * @property {ChatMessage[]} [initialMessages]
 * @property {(threadId: string) => Promise<ChatMessage[]>} [loadHistory] gives
 *   what is there already: asked when a thread is shown, and when it has grown
 *   while nobody was connected. That of thread-ws/history is one
 * @property {number} [throttleMs] how often an answer that grows is rendered at
 *   most; default: once a frame; 0: with each delta
 * @property {boolean} [keepPartial] what had come of an answer that was
 *   stopped, or failed, stays, as 'stopped'. Default: false
 */

/**
 * @typedef {object} ChatMessagesHook
 * @property {ChatMessage[]} messages
 * @property {import('react').Dispatch<import('react').SetStateAction<ChatMessage[]>>} setMessages
 * @property {string} input
 * @property {import('react').Dispatch<import('react').SetStateAction<string>>} setInput
 * @property {(content?: string, options?: Pick<SendOptions, 'retries'>) => Run | null} sendMessage
 *   what is in the input, unless given; null where there is nothing to send, or
 *   no connection: what is in the input stays there
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
 * @param {(connection: ThreadConnection) => void} [onMade] to listen from its
 *   beginning
 * @returns {ThreadConnectionHook}
 */
export function useThreadConnection(threadId, options = {}, onMade = undefined) {
  const connectionRef = useRef(/** @type {ThreadConnection | null} */ (null));
  const latest = useRef({ options, onMade });
  const [state, setState] = useState(CONNECTING);
  const { url } = options;
  const address = typeof url === 'string' || url instanceof URL ? String(url) : '';

  latest.current = { options, onMade };

  useEffect(() => {
    if (threadId == null) {
      return undefined;
    }

    const connection = new ThreadConnection(threadId, latest.current.options);
    const off = connection.on('state', setState);

    connectionRef.current = connection;
    latest.current.onMade?.(connection);
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
        throw new Error('There is no connection.');
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
  const { status, attempt, maxAttempts, delay, retryAt, retryable, reason, offline = false } = state;
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
    isReconnecting: status === 'reconnecting' && (attempt > 0 || offline),
    isDisconnected: status === 'disconnected',
    isOffline: offline,
    attempt,
    maxAttempts,
    secondsLeft,
    canRetry: retryable && (status === 'disconnected' || retryAt > 0 || offline),
    reason,
    retry,
  }), [status, attempt, maxAttempts, secondsLeft, retryable, retryAt, reason, offline, retry]);
}

/**
 * The list with a run's messages changed; those that are not there come to its
 * end, an answer behind its question.
 *
 * @param {ChatMessage[]} list
 * @param {Pick<Run, 'requestId' | 'content'>} run
 * @param {Partial<ChatMessage>} asked
 * @param {Partial<ChatMessage> | null} [answer] null: there is none; absent: as
 *   it is
 * @returns {ChatMessage[]}
 */
function put(list, { requestId, content }, asked, answer) {
  const of = (/** @type {string} */ role) =>
    list.find((it) => it.requestId === requestId && it.role === role);
  const before = of('assistant');
  const question = {
    ...of('user') ?? { id: requestId, role: /** @type {const} */ ('user'), content, requestId },
    ...asked,
  };
  const reply = answer === undefined ? before : answer && {
    ...before ?? {
      id: `${requestId}-answer`, role: /** @type {const} */ ('assistant'), content: '', requestId,
    },
    ...answer,
  };
  const both = reply ? [question, reply] : [question];

  return of('user')
    ? list.flatMap((it) => (it.requestId !== requestId ? [it] : it.role === 'user' ? both : []))
    : [...list.filter((it) => it !== before), ...both];
}

/* calls back once, for the next frame or after so many ms */
function soon(/** @type {() => void} */ callback, /** @type {number | undefined} */ ms) {
  if (ms === undefined && 'requestAnimationFrame' in globalThis && !globalThis.document?.hidden) {
    const frame = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(frame);
  }
  const timer = setTimeout(callback, ms ?? 16);
  return () => clearTimeout(timer);
}

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
 * A thread's messages, the text that is being written, and what is under way,
 * here or in other tabs.
 *
 * @param {string | null | undefined} threadId
 * @param {ConnectionOptions & ChatOptions} [options]
 * @returns {ChatMessagesHook}
 */
export function useChatMessages(threadId, options = {}) {
  const { initialMessages, loadHistory, throttleMs, keepPartial, ...connectionOptions } = options;
  const [messages, setMessages] = useState(initialMessages ?? []);
  const [input, setInput] = useState('');
  const [error, setError] = useState(/** @type {ThreadError | null} */ (null));
  const [isStreaming, setStreaming] = useState(false);
  /* what is under way, the latest last */
  const runs = useRef(/** @type {Set<Run>} */ (new Set()));
  const stopped = useRef(/** @type {Run | null} */ (null));
  const shown = useRef(threadId);
  /* calls off what is to be painted */
  const painting = useRef(/** @type {(() => void) | null} */ (null));

  /* what handlers read between two renders */
  const latest = useRef({ messages, input, ...options });
  latest.current = { messages, input, ...options };

  const paint = useCallback(() => {
    const all = () => {
      const late = [...runs.current];

      painting.current = null;
      setMessages((list) => late.reduce((sum, run) => put(sum, run, {},
        run.text ? { content: run.text, status: 'streaming' } : null), list));
    };

    if (latest.current.throttleMs === 0) {
      all();
    } else {
      painting.current ??= soon(all, latest.current.throttleMs);
    }
  }, []);

  const active = () => [...runs.current].at(-1) ?? null;

  /** shows what a run comes to */
  const attend = useCallback((/** @type {Run} */ run, /** @type {{current: ThreadConnection | null}} */ ref) => {
    if (runs.current.has(run)) {
      return;
    }

    const thread = shown.current;
    const end = () => {
      runs.current.delete(run);
      setStreaming(runs.current.size > 0);
    };

    runs.current.add(run);
    setStreaming(true);

    run.then(({ message }) => {
      if (shown.current === thread) {
        setMessages((list) => put(list, run, { status: 'done' }, { content: message, status: 'done' }));
      }
      end();

    }, (/** @type {ThreadError} */ failure) => {
      end();
      if (shown.current !== thread) {
        return;
      }

      const { content, requestId } = run;
      const cancelled = failure.code === 'CANCELLED';
      const { partial } = failure;
      const rest = latest.current.keepPartial && partial
        ? { content: partial, status: /** @type {const} */ ('stopped') } : null;

      /* asked anew meanwhile, as StrictMode does, and shown as such */
      const again = active()?.content === content;

      if (cancelled && rest && !again) {
        setMessages((list) => put(list, run, { status: 'stopped' }, rest));

      } else if (cancelled || again || (!run.own && failure.code === 'CLOSED')) {
        /* it is no part of the thread: what was written can be changed */
        setMessages((list) => list.filter((message) => message.requestId !== requestId));
        if (run.own || stopped.current === run) {
          setInput((text) => (text.trim() || again ? text : content));
        }

      } else {
        const told = orReplaced(failure, ref.current);
        setMessages((list) => put(list, run, { status: 'failed', error: told }, rest));
        setError(told);
      }
    });
  }, []);

  const onMade = (/** @type {ThreadConnection} */ connection) => {
    const thread = /** @type {string} */ (threadId);
    const ref = { current: connection };
    /** @type {Promise<unknown> | undefined} */
    let loading;
    /** @type {Set<string | undefined>} */
    let known = new Set();

    const load = () => {
      loading = latest.current.loadHistory?.(thread).then((past) => {
        known = new Set(past.map(({ requestId }) => requestId));
        if (shown.current === thread) {
          setMessages((list) => [...past, ...list.filter((it) => !known.has(it.requestId))]);
        }
      }).catch((failure) => {
        if (shown.current === thread) {
          setError(failure);
        }
      });
    };
    /* in its place: behind what came before */
    const loaded = (/** @type {() => void} */ callback) => {
      if (loading) {
        loading.then(() => shown.current === thread && callback());
      } else {
        callback();
      }
    };

    load();
    connection.on('run', (run) => loaded(() => {
      setMessages((list) => put(list, run, { status: 'sending', error: undefined }, null));
      if (connection.runs.includes(run)) {
        connection.send(run.content, {
          requestId: run.requestId, onToken: paint, onReset: paint,
        });
      }
      attend(run, ref);
    }));
    connection.on('event', (event) => {
      const last = event.type === 'idle' && event.lastRequestId;

      if (last) {
        loaded(() => {
          if (!known.has(last) && !latest.current.messages.some((it) => it.requestId === last)) {
            load();
          }
        });
      }
    });
  };

  const connection = useThreadConnection(threadId, connectionOptions, onMade);
  const { send, connectionRef } = connection;

  useEffect(() => {
    if (shown.current !== threadId) {
      shown.current = threadId;
      setMessages(latest.current.initialMessages ?? []);
      setInput('');
      setError(null);
    }
    return () => {
      painting.current?.();
      painting.current = null;
      runs.current.clear();
      setStreaming(false);
    };
  }, [threadId]);

  const start = useCallback((
    /** @type {string} */ content, /** @type {string} */ requestId,
    /** @type {Pick<SendOptions, 'retries'>} */ sendOptions = {},
  ) => {
    const run = send(content, { ...sendOptions, requestId, onToken: paint, onReset: paint });

    setError(null);
    attend(run, connectionRef);

    return run;
  }, [send, attend, paint, connectionRef]);

  const sendMessage = useCallback((
    /** @type {string | undefined} */ given,
    /** @type {Pick<SendOptions, 'retries'> | undefined} */ sendOptions,
  ) => {
    const content = typeof given === 'string' ? given : latest.current.input;
    const running = active();

    if (!content.trim() || !connectionRef.current) {
      return null;
    }
    if (running?.own && running.content === content && running !== stopped.current) {
      /* a second click on the same */
      return running;
    }

    const requestId = newRequestId();

    running?.cancel();
    latest.current.input = '';
    setInput('');
    setMessages((list) => put(list, { requestId, content }, { status: 'sending' }));

    return start(content, requestId, typeof given === 'string' ? sendOptions : undefined);
  }, [start, connectionRef]);

  const retry = useCallback((/** @type {string | undefined} */ requestId) => {
    const failed = latest.current.messages.filter(({ role, status }) =>
      role === 'user' && status === 'failed');
    const message = typeof requestId === 'string' ? failed.find((it) => it.id === requestId)
      : failed.at(-1);

    if (!message || !connectionRef.current) {
      return null;
    }

    const name = message.requestId ?? message.id;

    if (active()?.requestId === name) {
      /* a second click */
      return active();
    }

    active()?.cancel();
    setMessages((list) => put(list.filter((it) => it.requestId !== name),
      { requestId: name, content: message.content },
      { id: message.id, status: 'sending', error: undefined }));

    return start(message.content, name);
  }, [start, connectionRef]);

  const cancel = useCallback(() => {
    stopped.current = active();
    stopped.current?.cancel();
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
