/**
 * React hooks (18 and 19): a thread's connection, its recovery, its messages.
 *
 * @module thread-ws/react
 */

import { useEffect, useMemo, useRef, useState } from 'react';

import { ThreadConnection, newRequestId } from './index.js';

/**
 * @typedef {import('./index.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./index.js').ConnectionState} ConnectionState
 * @typedef {import('./index.js').Run} Run
 * @typedef {import('./index.js').SendOptions} SendOptions
 * @typedef {import('./index.js').ThreadError} ThreadError
 * @typedef {import('./types.js').Content} Content
 */

/**
 * @typedef {object} ThreadConnectionHook
 * @property {ConnectionState} state
 * @property {ConnectionState['status']} status
 * @property {boolean} isConnected
 * @property {(content: Content | undefined, options?: SendOptions) => Run} send
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
 * What may go with a message.
 *
 * @typedef {Omit<SendOptions, 'requestId' | 'onToken' | 'onReset'>} MessageOptions
 */

/**
 * @typedef {object} ChatMessage
 * @property {string} id
 * @property {'user' | 'assistant'} role
 * @property {Content} content of an answer always its text
 * @property {string} [requestId]
 * @property {MessageOptions} [options] that a message of the user was sent with
 * @property {readonly import('./types.js').Part[]} [parts] of an answer, where
 *   they are asked for
 * @property {import('./types.js').Interrupt[]} [interrupts] what the agent asks
 *   before it goes on: answered by `sendMessage('', { answers })`
 * @property {string} [finishReason]
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
 *   stopped, or failed, stays, as 'stopped'. Default: where the server keeps it
 * @property {typeof import('./parts.js').trackParts} [parts] that of
 *   thread-ws/parts: answers have parts then
 */

/**
 * @typedef {object} ChatMessagesHook
 * @property {ChatMessage[]} messages
 * @property {import('react').Dispatch<import('react').SetStateAction<ChatMessage[]>>} setMessages
 * @property {string} input
 * @property {import('react').Dispatch<import('react').SetStateAction<string>>} setInput
 * @property {(content?: Content, options?: MessageOptions) => Run | null} sendMessage
 *   what is in the input, unless given; null where there is nothing to send, or
 *   no connection: what is in the input stays there. With `replaces`, a message's
 *   requestId, that message and all after it give way; they are back if the run
 *   fails
 * @property {(requestId: string, content?: Content, options?: MessageOptions) => Run | null} edit
 *   that message anew: it and all after it give way
 * @property {(requestId?: string) => Run | null} regenerate another answer to the
 *   named message, or to the last one that was answered
 * @property {() => void} cancel stops the answer; the text returns to the input
 * @property {(requestId?: string) => Run | null} retry the named message that
 *   failed, or the last one
 * @property {boolean} isStreaming an answer is awaited, or comes
 * @property {ThreadError | null} error of the last message
 * @property {ThreadConnectionHook} connection
 */

/** @type {ConnectionState} */
const CONNECTING = {
  status: 'connecting', attempt: 0, maxAttempts: 0, delay: 0, retryAt: 0, retryable: false,
};

/**
 * The same object for as long as all that is in it is the same.
 *
 * @template {object} T
 * @param {T} value always of the same shape
 * @returns {T}
 */
const useStable = (value) => useMemo(() => value, Object.values(value));

/**
 * What handlers read between two renders.
 *
 * @template T
 * @param {T} value
 */
const useLatest = (value) => {
  const ref = useRef(value);

  ref.current = value;
  return ref;
};

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
export function useThreadConnection(threadId, options = {}, onMade) {
  const connectionRef = useRef(/** @type {ThreadConnection | null} */ (null));
  const latest = useLatest({ options, onMade });
  const [state, setState] = useState(CONNECTING);
  const { url } = options;
  const address = typeof url === 'function' || String(url);

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

  const actions = useMemo(() => ({
    /** @type {ThreadConnectionHook['send']} */
    send(content, sendOptions) {
      if (!connectionRef.current) {
        throw new Error('There is no connection.');
      }
      return connectionRef.current.send(content, sendOptions);
    },
    cancel: (/** @type {string | undefined} */ requestId) => connectionRef.current?.cancel(requestId),
    retry: () => connectionRef.current?.retry(),
  }), []);

  return useStable({
    state,
    status: state.status,
    isConnected: state.status === 'connected',
    ...actions,
    connectionRef,
  });
}

/**
 * What to show of a connection's recovery, with a count of the seconds.
 *
 * @param {Pick<ThreadConnectionHook, 'state' | 'retry'>} connection of
 *   useThreadConnection
 * @returns {ReconnectionHook}
 */
export function useReconnection({ state, retry }) {
  const { status, attempt, maxAttempts, retryAt, retryable, reason, offline = false } = state;
  const [, setNow] = useState(0);

  useEffect(() => {
    if (!retryAt) {
      return undefined;
    }

    const timer = setInterval(() => setNow(Date.now()), 250);

    return () => clearInterval(timer);
  }, [retryAt]);

  const isDisconnected = status === 'disconnected';

  return useStable({
    isReconnecting: status === 'reconnecting' && (attempt > 0 || offline),
    isDisconnected,
    isOffline: offline,
    attempt,
    maxAttempts,
    /* 0 where there is no time for it */
    secondsLeft: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)),
    canRetry: retryable && (isDisconnected || retryAt > 0 || offline),
    reason,
    retry,
  });
}

/**
 * The list without the messages of a run.
 *
 * @param {ChatMessage[]} list
 * @param {string} requestId
 */
const without = (list, requestId) => list.filter((it) => it.requestId !== requestId);

/**
 * Where a run's messages are; -1: nowhere.
 *
 * @param {ChatMessage[]} list
 * @param {string | undefined} requestId
 */
const place = (list, requestId) => list.findIndex((it) => it.requestId === requestId);

/**
 * The list without what a run replaces: the message named, and all from there on to
 * the run's own place.
 *
 * @param {ChatMessage[]} list
 * @param {{requestId?: string, replaces?: string}} run
 */
function cut(list, { requestId, replaces = '' }) {
  const from = place(list, replaces);

  return from < 0 ? list : list.toSpliced(from, place(list, requestId) - from);
}

/**
 * The list with a run's messages changed; those that are not there come to its
 * end, an answer behind its question.
 *
 * @param {ChatMessage[]} list
 * @param {Pick<Run, 'requestId' | 'content' | 'replaces'>} run
 * @param {Partial<ChatMessage>} asked
 * @param {Partial<ChatMessage> | null} [answer] null: there is none; absent: as
 *   it is
 * @returns {ChatMessage[]}
 */
function put(list, { requestId, content = '', replaces }, asked, answer) {
  const at = place(list, requestId);
  const [question, reply] = /** @type {(ChatMessage | undefined)[]} */ (
    list.filter((it) => it.requestId === requestId));

  return without(list, requestId).toSpliced(at < 0 ? Infinity : at, 0,
    {
      id: requestId, role: 'user', content, requestId, ...replaces && { options: { replaces } },
      ...question, ...asked,
    },
    ...answer ? [{
      id: `${requestId}-answer`, role: /** @type {const} */ ('assistant'), content: '', requestId,
      ...reply, ...answer,
    }] : answer === undefined && reply ? [reply] : []);
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
  /* with what gives way while a message is under way: it may come to nothing */
  const [all, setMessages] = useState(options.initialMessages ?? []);
  const messages = useMemo(() => all.reduce((list, it) => (
    it.status === 'sending' ? cut(list, { ...it, ...it.options }) : list), all), [all]);
  const [input, setInput] = useState('');
  const [error, setError] = useState(/** @type {ThreadError | null} */ (null));
  /* what is under way, the latest last */
  const runs = useRef(/** @type {Set<Run>} */ (new Set()));
  /* of what is under way, by requestId */
  const told = useRef(/** @type {Map<string, ChatMessage['parts']>} */ (new Map()));
  const shown = useRef(threadId);

  const latest = useLatest({ messages, input, ...options });

  /* made once: what they read is in refs */
  const { paint, attend, ...actions } = useMemo(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let painting;
    /** @type {Run | undefined} */
    let stopped;

    const paint = () => {
      const now = () => {
        const late = [...runs.current];

        painting = undefined;
        setMessages((list) => late.reduce((sum, run) => put(sum, run, {},
          run.text || partsOf(run)?.length
            ? { content: run.text, parts: partsOf(run), status: 'streaming' } : null), list));
      };

      /* a timer, since a page that is hidden has no frames */
      const { throttleMs = 16 } = latest.current;

      if (throttleMs) {
        painting ??= setTimeout(now, throttleMs);
      } else {
        now();
      }
    };

    const active = () => [...runs.current].at(-1);
    const partsOf = (/** @type {Run} */ run) => told.current.get(run.requestId);

    /** shows what a run comes to */
    const attend = (/** @type {Run} */ run) => {
      if (runs.current.has(run)) {
        return;
      }

      const thread = shown.current;

      runs.current.add(run);

      run.then(({ message: content, interrupts, finishReason }) => {
        const answer = /** @type {const} */ (
          { content, parts: partsOf(run), interrupts, finishReason, status: 'done' });

        runs.current.delete(run);
        if (shown.current === thread) {
          setMessages((list) => put(cut(list, run), run, { status: 'done' }, answer));
        }

      }, (/** @type {ThreadError} */ failure) => {
        runs.current.delete(run);
        if (shown.current !== thread) {
          return;
        }

        const { content, requestId, own } = run;
        const { code, partial, kept } = failure;
        const cancelled = code === 'CANCELLED';
        const closed = code === 'CLOSED';
        /* asked anew meanwhile, as StrictMode does, and shown as such */
        const again = active()?.content === content;
        const rest = partial && (latest.current.keepPartial ?? kept)
          ? { content: partial, parts: partsOf(run), status: /** @type {const} */ ('stopped') } : null;

        told.current.delete(requestId);
        if (again || (cancelled && !rest) || (closed && !own)) {
          /* it is no part of the thread: what was written can be changed */
          setMessages((list) => without(list, requestId));
          if (own || stopped === run) {
            setInput((text) => (text.trim() || again || typeof content !== 'string' ? text : content));
          }
          return;
        }

        /* another connection in the place of the one that was closed is a drop to
           who uses the hook: there the message can be tried again */
        if (closed && (connection.connectionRef.current?.state.status ?? 'closed') !== 'closed') {
          Object.assign(failure, { code: 'CONNECTION_LOST', retryable: true });
        }

        setMessages((list) => put(kept ? cut(list, run) : list, run,
          cancelled ? { status: 'stopped' } : { status: 'failed', error: failure }, rest));
        if (!cancelled) {
          setError(failure);
        }
      });
    };

    /** asks, in the place of what is under way */
    const start = (
      /** @type {Content} */ content, /** @type {MessageOptions} */ sendOptions,
      requestId = newRequestId(),
    ) => {
      active()?.cancel();
      setError(null);
      setMessages((list) => put(without(list, requestId), { requestId, content },
        { status: 'sending', options: sendOptions }));

      const run = connection.send(content || undefined, { ...sendOptions, requestId, onToken: paint, onReset: paint });

      attend(run);

      return run;
    };

    /** the last of the user's messages that fits, of those that failed or were answered */
    const find = (/** @type {string | undefined} */ requestId, failed = false) =>
      latest.current.messages.findLast(({ id, role, status, requestId: name = id }) => role === 'user'
        && status !== 'sending' && failed === (status === 'failed')
        && (typeof requestId !== 'string' || requestId === name));

    const sendMessage = (
      /** @type {Content | undefined} */ given,
      /** @type {MessageOptions} */ sendOptions = {},
    ) => {
      const { answers, toolResults } = sendOptions;
      /* an event handler gives its event */
      const content = given?.length === undefined ? latest.current.input : given;
      const running = active();

      if (!(typeof content === 'string' ? content.trim() : content)[0] && !answers && !toolResults
        || !connection.connectionRef.current) {
        return null;
      }
      if (running?.own && running.content === content && running !== stopped) {
        /* a second click on the same */
        return running;
      }

      latest.current.input = '';
      setInput('');

      return start(content, sendOptions);
    };

    const edit = (
      /** @type {string} */ replaces, /** @type {Content | undefined} */ content,
      /** @type {MessageOptions | undefined} */ sendOptions,
    ) => sendMessage(content, { ...sendOptions, replaces });

    const regenerate = (/** @type {string | undefined} */ requestId) => {
      const message = find(requestId);

      return message ? edit(/** @type {string} */ (message.requestId), message.content, message.options)
        : null;
    };

    const retry = (/** @type {string | undefined} */ requestId) => {
      const message = find(requestId, true);

      if (!message || !connection.connectionRef.current) {
        return null;
      }

      const { id, requestId: name = id, content, options: sendOptions = {} } = message;
      const running = active();

      /* a second click */
      return running?.requestId === name ? running : start(content, sendOptions, name);
    };

    const cancel = () => {
      stopped = active();
      stopped?.cancel();
    };

    return { paint, attend, sendMessage, edit, regenerate, cancel, retry };
  }, []);

  const onMade = (/** @type {ThreadConnection} */ connection) => {
    const thread = /** @type {string} */ (threadId);
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
    const loaded = (/** @type {() => void} */ callback) => (loading
      ? loading.then(() => shown.current === thread && callback()) : callback());

    load();
    latest.current.parts?.(connection, (requestId, list) => {
      told.current.set(requestId, list);
      paint();
    });
    connection.on('run', (run) => loaded(() => {
      /* of a message: that is the last no more */
      setError((it) => (it?.requestId ? null : it));
      setMessages((list) => put(list, run, { status: 'sending', error: undefined }, null));
      if (connection.runs.includes(run)) {
        connection.send(run.content, {
          requestId: run.requestId, onToken: paint, onReset: paint,
        });
      }
      attend(run);
    }));
    connection.on('event', (event) => {
      const last = event.type === 'idle' && event.lastRequestId;

      if (last) {
        loaded(() => {
          if (!known.has(last) && place(latest.current.messages, last) < 0) {
            load();
          }
        });
      }
    });
  };

  const connection = useThreadConnection(threadId, options, onMade);

  useEffect(() => {
    if (shown.current !== threadId) {
      shown.current = threadId;
      setMessages(latest.current.initialMessages ?? []);
      setInput('');
      setError(null);
    }
    return () => {
      runs.current.clear();
      told.current.clear();
    };
  }, [threadId]);

  return useStable({
    messages,
    setMessages,
    input,
    setInput,
    ...actions,
    isStreaming: messages.some(({ status }) => status === 'sending' || status === 'streaming'),
    error,
    connection,
  });
}
