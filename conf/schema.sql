-- What thread_ws_store keeps in PostgreSQL (13 or newer, encoding UTF8).
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f conf/schema.sql
--
-- Run it as the role that shall own the schema, as often as you like, from as
-- many machines at once as you like: it changes only what is missing or older.
--
-- The gateway's own role needs no more than this, and no right on any table:
--
--   CREATE ROLE gateway LOGIN PASSWORD '...';
--   GRANT USAGE ON SCHEMA thread_ws TO gateway;
--   GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws TO gateway;
--
-- A role that has been given the functions of an earlier version is given the
-- new ones as well.  For operators there are
--
--   thread_ws.expire(older_than, at_most)    removes old threads
--   thread_ws.erase(owner)                   removes all that a user has
--   thread_ws.export(owner)                  the same as lines of JSON
--   thread_ws.list(owner, before, "limit")   a user's threads
--
-- A thread that was removed leaves its row in thread_ws.threads: its generation
-- tells runs that were under way not to revive it.  expire() removes it.

BEGIN;

SELECT pg_advisory_xact_lock(hashtext('thread_ws'));

SET LOCAL client_min_messages = warning;

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE 'thread_ws needs a database with the encoding UTF8';
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS thread_ws;

CREATE TABLE IF NOT EXISTS thread_ws.version (
    version  integer PRIMARY KEY,
    applied  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS thread_ws.threads (
    thread      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner       text NOT NULL,
    id          text NOT NULL,
    generation  bigint NOT NULL DEFAULT 1,
    last_seq    bigint NOT NULL DEFAULT 0,
    created     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated     timestamptz NOT NULL DEFAULT clock_timestamp(),

    UNIQUE (owner, id)
);

CREATE TABLE IF NOT EXISTS thread_ws.runs (
    thread         bigint NOT NULL
                   REFERENCES thread_ws.threads ON DELETE CASCADE,
    seq            bigint NOT NULL,
    request_id     text NOT NULL,
    content        text NOT NULL,
    answer         text NOT NULL,
    model          text NOT NULL,
    finish_reason  text NOT NULL,
    input_tokens   bigint,
    output_tokens  bigint,
    latency_ms     bigint NOT NULL,
    created        timestamptz NOT NULL DEFAULT clock_timestamp(),

    PRIMARY KEY (thread, seq),
    UNIQUE (thread, request_id)
);

-- Who was erased, by digest, and when: a first run that was under way then had
-- seen no row that could be gone.  expire() removes these after a week.

CREATE TABLE IF NOT EXISTS thread_ws.erased (
    owner   bytea PRIMARY KEY,
    moment  timestamptz NOT NULL
);

-- What version 1 had not.  Nothing is locked where nothing is to be done.
-- Indexes come by themselves: while one is made who writes waits, who reads does
-- not, and no lock is held that what follows would have to make a stronger one.

DO $$
BEGIN
    IF to_regclass('thread_ws.threads_updated') IS NULL THEN
        CREATE INDEX threads_updated ON thread_ws.threads (updated);
        CREATE INDEX threads_listed
        ON thread_ws.threads (owner, updated, thread);
    END IF;
END
$$;

COMMIT;

BEGIN;

SELECT pg_advisory_xact_lock(hashtext('thread_ws'));

SET LOCAL client_min_messages = warning;

-- Columns are added in no time, once both tables are locked: first, and in the
-- order in which runs are stored.  Who comes meanwhile waits behind that, so that
-- it is given up soon, and tried again, where somebody has a table for long.

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'thread_ws.threads'::regclass AND attname = 'turn'
          AND NOT attisdropped)
    THEN
        RETURN;
    END IF;

    FOR i IN 1 .. 100 LOOP
        BEGIN
            SET LOCAL lock_timeout = '300ms';
            LOCK TABLE thread_ws.threads, thread_ws.runs
            IN ACCESS EXCLUSIVE MODE;
            SET LOCAL lock_timeout = 0;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;

    RAISE 'thread_ws: a table is in use by somebody else for too long; '
          'pg_stat_activity tells by whom.  Try again then';
END
$$;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'thread_ws.threads'::regclass AND attname = 'title'
          AND NOT attisdropped)
    THEN
        ALTER TABLE thread_ws.threads
        ADD COLUMN title text, ADD COLUMN removed timestamptz;
    END IF;

    -- what a message has beside its content, and an answer beside its text

    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'thread_ws.runs'::regclass AND attname = 'told'
          AND NOT attisdropped)
    THEN
        ALTER TABLE thread_ws.runs
        ADD COLUMN asked json, ADD COLUMN told json;
    END IF;

    -- the run that a run gave way to, and the last of a thread that others did

    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'thread_ws.runs'::regclass AND attname = 'replaced'
          AND NOT attisdropped)
    THEN
        ALTER TABLE thread_ws.runs ADD COLUMN replaced bigint;
        ALTER TABLE thread_ws.threads
        ADD COLUMN turn bigint NOT NULL DEFAULT 0;
    END IF;
END
$$;

INSERT INTO thread_ws.version (version) VALUES (1), (2) ON CONFLICT DO NOTHING;


-- The version, for who may not read the table.

CREATE OR REPLACE FUNCTION thread_ws.installed()
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT max(version) FROM thread_ws.version;
$$;


-- The gateway calls functions and nothing else: each call is one statement and
-- so one transaction, which needs one round trip, works behind any pooler, and
-- has its plans kept by the server.  All answer rows of one shape.

DO $$
BEGIN
    CREATE TYPE thread_ws.run_row AS (
        generation     bigint,   -- the thread's
        found          boolean,  -- the run that was looked for
        seq            bigint,   -- NULL: no run, the row is for its generation
        request_id     text,
        content        text,
        answer         text,
        model          text,
        finish_reason  text,
        input_tokens   bigint,
        output_tokens  bigint,
        latency_ms     bigint,
        created        bigint,   -- ms since the epoch
        asked          json,
        told           json,
        replaced       bigint    -- the seq of the run that it gave way to; of
                                 -- the row without a run see load()
    );
EXCEPTION
    WHEN duplicate_object THEN

    IF NOT EXISTS (
        SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.oid = 'thread_ws.run_row'::regclass AND a.attname = 'told'
          AND NOT a.attisdropped)
    THEN
        ALTER TYPE thread_ws.run_row
        ADD ATTRIBUTE asked json, ADD ATTRIBUTE told json;
    END IF;

    IF NOT EXISTS (
        SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.oid = 'thread_ws.run_row'::regclass AND a.attname = 'replaced'
          AND NOT a.attisdropped)
    THEN
        ALTER TYPE thread_ws.run_row ADD ATTRIBUTE replaced bigint;
    END IF;
END
$$;


-- What a gateway is told of a thread, to ask with later on, and whether the
-- thread was removed since it was told p_known (0: nothing).  A thread's number
-- and its generation make one number, so that a row that comes after another of
-- the same name is another thread.  Below zero there is no thread, and the
-- number says when it was last removed, or all of its owner's were.

CREATE OR REPLACE FUNCTION thread_ws.seen(
    p_owner text, p_row thread_ws.threads, p_known bigint,
    OUT generation bigint, OUT removed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_gone     timestamptz;
    v_nothing  bigint;
BEGIN
    IF p_row.thread IS NOT NULL
       AND p_row.removed IS DISTINCT FROM p_row.updated
    THEN
        generation := (p_row.thread << 20) | (p_row.generation & 1048575);
        removed := p_known > 0 AND p_known <> generation;

        IF p_known >= 0 THEN
            RETURN;
        END IF;
    END IF;

    -- version 1 did not keep when it removed a thread

    v_gone := greatest(coalesce(p_row.removed, CASE WHEN p_row.generation <> 1
                                               THEN p_row.updated END),
                       (SELECT e.moment FROM thread_ws.erased e
                        WHERE e.owner = sha256(convert_to(p_owner, 'UTF8'))));

    v_nothing := '-9223372036854775808'::bigint
                 + coalesce((extract(epoch FROM v_gone) * 1000000)::bigint, 0);

    removed := p_known <> 0 AND (p_known < v_nothing
                                 OR p_known > 0 AND generation IS NULL);
    generation := coalesce(generation, v_nothing);
END
$$;


-- A thread's generation, the run of one request id, and the newest runs after
-- a sequence number, no more of them and no more bytes than said, but for the
-- newest of all if it may have calls that are open; oldest first.
-- In the first row, which has no run, found says that the thread was removed.
-- Of runs that gave way to others there are none.  Where p_after is before some
-- did, its replaced is 1: all that was known is void, and these are all.
-- With p_replaces there are only runs before the one of that id, whose number is
-- seq in the first row, NULL if there is none that stands.  p_replaces is NULL
-- for gateways of version 1, which know nothing of all that.
-- STABLE: all of it is seen in the snapshot of the calling statement.  What is
-- going to be stored is not begun where it cannot be.

CREATE OR REPLACE FUNCTION thread_ws.load(
    p_owner text, p_id text, p_known bigint, p_request_id text,
    p_after bigint, p_limit bigint, p_bytes bigint, p_replaces text)
RETURNS SETOF thread_ws.run_row
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_row         thread_ws.threads;
    v_generation  bigint;
    v_removed     boolean;
    v_after       bigint := p_after;
    v_anew        bigint;
    v_before      bigint;
BEGIN
    IF p_request_id <> '' AND current_setting('transaction_read_only')::boolean
    THEN
        RAISE 'the server is read-only, nothing can be stored'
        USING ERRCODE = 'read_only_sql_transaction';
    END IF;

    SELECT t.* INTO v_row
    FROM thread_ws.threads t
    WHERE t.owner = p_owner AND t.id = p_id;

    SELECT s.generation, s.removed INTO v_generation, v_removed
    FROM thread_ws.seen(p_owner, v_row, p_known) s;

    IF p_replaces <> '' THEN
        SELECT r.seq INTO v_before
        FROM thread_ws.runs r
        WHERE r.thread = v_row.thread AND r.request_id = p_replaces
          AND r.replaced IS NULL;

    ELSIF p_replaces IS NOT NULL AND p_after > 0 AND p_after < v_row.turn THEN
        v_anew := 1;
        v_after := 0;
    END IF;

    RETURN NEXT ROW(v_generation, v_removed, v_before, NULL, NULL, NULL, NULL,
                    NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                    v_anew)::thread_ws.run_row;

    IF v_row.thread IS NULL OR v_removed THEN
        RETURN;
    END IF;

    RETURN QUERY
    SELECT v_generation, true, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint,
           r.asked, r.told, NULL::bigint
    FROM thread_ws.runs r
    WHERE r.thread = v_row.thread AND r.request_id = p_request_id;

    IF p_limit = 0 OR p_replaces <> '' AND v_before IS NULL THEN
        RETURN;
    END IF;

    RETURN QUERY
    SELECT v_generation, false, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint,
           r.asked, r.told, NULL::bigint
    FROM (
        SELECT n.*, sum(octet_length(n.content) + octet_length(n.answer)
                        + coalesce(octet_length(n.asked::text), 0)
                        + coalesce(octet_length(n.told::text), 0))
                    OVER (ORDER BY n.seq DESC) AS size,
                    row_number() OVER (ORDER BY n.seq DESC) AS number
        FROM (
            SELECT * FROM thread_ws.runs
            WHERE thread = v_row.thread AND seq > v_after
              AND (v_before IS NULL OR seq < v_before)
              AND replaced IS NULL
            ORDER BY seq DESC
            LIMIT p_limit
        ) n
    ) r
    WHERE p_bytes = 0 OR r.size <= p_bytes 
       OR r.number = 1 AND r.told IS NOT NULL
    ORDER BY r.seq;
END
$$;


-- The newest runs before a sequence number, for people; at least one of them,
-- however large.  Those that gave way to others, too, if p_replaced is not 0.

CREATE OR REPLACE FUNCTION thread_ws.page(
    p_owner text, p_id text, p_before bigint, p_limit bigint, p_bytes bigint,
    p_replaced bigint)
RETURNS SETOF thread_ws.run_row
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_thread      bigint;
    v_generation  bigint;
BEGIN
    SELECT t.thread, t.generation INTO v_thread, v_generation
    FROM thread_ws.threads t
    WHERE t.owner = p_owner AND t.id = p_id;

    -- a thread whose runs were all removed is no thread to people

    IF v_thread IS NULL
       OR NOT EXISTS (SELECT FROM thread_ws.runs WHERE thread = v_thread)
    THEN
        RETURN;
    END IF;

    RETURN NEXT ROW(v_generation, false, NULL, NULL, NULL, NULL, NULL, NULL,
                    NULL, NULL, NULL, NULL, NULL, NULL,
                    NULL)::thread_ws.run_row;

    RETURN QUERY
    SELECT v_generation, false, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint,
           r.asked, r.told, r.replaced
    FROM (
        SELECT n.*, sum(octet_length(n.content) + octet_length(n.answer)
                        + coalesce(octet_length(n.asked::text), 0)
                        + coalesce(octet_length(n.told::text), 0))
                    OVER (ORDER BY n.seq DESC) AS size,
                    row_number() OVER (ORDER BY n.seq DESC) AS number
        FROM (
            SELECT * FROM thread_ws.runs
            WHERE thread = v_thread AND (p_before = 0 OR seq < p_before)
              AND (replaced IS NULL OR p_replaced <> 0)
            ORDER BY seq DESC
            LIMIT p_limit
        ) n
    ) r
    WHERE p_bytes = 0 OR r.size <= p_bytes OR r.number = 1
    ORDER BY r.seq;
END
$$;

CREATE OR REPLACE FUNCTION thread_ws.page(
    p_owner text, p_id text, p_before bigint, p_limit bigint, p_bytes bigint)
RETURNS SETOF thread_ws.run_row
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT * FROM thread_ws.page(p_owner, p_id, p_before, p_limit, p_bytes, 0);
$$;


-- Stores one run.  The thread's row is locked first, so that sequence numbers
-- are given one after another and whoever sees one sees all before it; each
-- statement after that sees what earlier holders of the lock have committed.
-- A row is made for whoever has seen none; and not while its owner is erased.
-- The run of p_replaces, which must stand, and all after it give way: of two who
-- want that at once, one is told that the run is gone.

CREATE OR REPLACE FUNCTION thread_ws.store(
    p_owner text, p_id text, p_known bigint, p_request_id text,
    p_content text, p_answer text, p_model text, p_finish_reason text,
    p_input_tokens bigint, p_output_tokens bigint, p_latency_ms bigint,
    p_asked text, p_told text, p_replaces text,
    OUT status text, OUT seq bigint, OUT created bigint, OUT generation bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_row      thread_ws.threads;
    v_removed  boolean;
    v_created  timestamptz;
    v_first    bigint;
BEGIN
    LOOP
        SELECT t.* INTO v_row
        FROM thread_ws.threads t
        WHERE t.owner = p_owner AND t.id = p_id
        FOR NO KEY UPDATE;

        SELECT s.removed INTO v_removed
        FROM thread_ws.seen(p_owner, v_row, p_known) s;

        EXIT WHEN v_removed OR v_row.thread IS NOT NULL;

        PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_owner, 0));

        SELECT s.removed INTO v_removed
        FROM thread_ws.seen(p_owner, v_row, p_known) s;

        EXIT WHEN v_removed;

        INSERT INTO thread_ws.threads (owner, id)
        VALUES (p_owner, p_id)
        ON CONFLICT (owner, id) DO NOTHING;
    END LOOP;

    IF v_removed THEN
        status := 'removed';
        RETURN;
    END IF;

    IF p_replaces <> '' THEN
        SELECT r.seq INTO v_first
        FROM thread_ws.runs r
        WHERE r.thread = v_row.thread AND r.request_id = p_replaces
          AND r.replaced IS NULL;

        IF NOT FOUND THEN
            status := 'duplicate';
            RETURN;
        END IF;
    END IF;

    store.seq := v_row.last_seq + 1;

    -- whatever the clock says, not at the moment of a removal

    v_created := greatest(clock_timestamp(),
                          v_row.removed + interval '1 microsecond');

    INSERT INTO thread_ws.runs AS r
           (thread, seq, request_id, content, answer, model, finish_reason,
            input_tokens, output_tokens, latency_ms, created, asked, told)
    VALUES (v_row.thread, store.seq, p_request_id, p_content, p_answer, p_model,
            p_finish_reason, p_input_tokens, p_output_tokens, p_latency_ms,
            v_created, nullif(p_asked, '')::json, nullif(p_told, '')::json)
    ON CONFLICT (thread, request_id) DO NOTHING;

    IF NOT FOUND THEN
        status := 'duplicate';
        RETURN;
    END IF;

    IF v_first IS NOT NULL THEN
        UPDATE thread_ws.runs r
        SET replaced = store.seq
        WHERE r.thread = v_row.thread AND r.seq >= v_first
          AND r.seq < store.seq AND r.replaced IS NULL;
    END IF;

    UPDATE thread_ws.threads t
    SET last_seq = store.seq, updated = v_created,
        turn = CASE WHEN v_first IS NULL THEN t.turn ELSE store.seq END
    WHERE t.thread = v_row.thread;

    status := 'stored';
    store.generation := (v_row.thread << 20)
                        | (v_row.generation & 1048575);
    store.created := (extract(epoch FROM v_created) * 1000)::bigint;
END
$$;


-- Removes a thread's runs and raises its generation, also of a thread that has
-- none yet: its first run may be under way.  The number of runs removed.

CREATE OR REPLACE FUNCTION thread_ws.remove(
    p_owner text, p_id text, OUT removed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_thread  bigint;
    v_now     timestamptz := clock_timestamp();
BEGIN
    INSERT INTO thread_ws.threads AS t (owner, id, generation, updated, removed)
    VALUES (p_owner, p_id, 2, v_now, v_now)
    ON CONFLICT (owner, id) DO UPDATE
    SET generation = t.generation + 1, title = NULL,
        updated = greatest(v_now, t.updated + interval '1 microsecond'),
        removed = greatest(v_now, t.updated + interval '1 microsecond')
    RETURNING t.thread INTO v_thread;

    DELETE FROM thread_ws.runs r WHERE r.thread = v_thread;

    GET DIAGNOSTICS removed = ROW_COUNT;
END
$$;


-- Removes all that an owner has, and nothing of it stays but a digest of the
-- name.  The number of threads.  Who makes one meanwhile waits, and is told.

CREATE OR REPLACE FUNCTION thread_ws.erase(owner text, OUT removed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(erase.owner, 0));

    INSERT INTO thread_ws.erased AS e (owner, moment)
    VALUES (sha256(convert_to(erase.owner, 'UTF8')), clock_timestamp())
    ON CONFLICT ON CONSTRAINT erased_pkey DO UPDATE
    SET moment = greatest(clock_timestamp(),
                          e.moment + interval '1 microsecond');

    DELETE FROM thread_ws.threads t WHERE t.owner = erase.owner;

    GET DIAGNOSTICS removed = ROW_COUNT;
END
$$;


-- Removes threads that had no run for so long, the oldest first, at most so
-- many; none that a run is being stored to.  The number of threads: as long as
-- it is at_most, there may be more.  An index leads to them, and each call is a
-- short transaction.

CREATE OR REPLACE FUNCTION thread_ws.expire(
    older_than interval, at_most integer, OUT removed bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_threads  bigint[];
BEGIN
    IF older_than IS NULL OR older_than < interval '0' THEN
        RAISE 'older_than must be an interval of the past'
        USING ERRCODE = 'invalid_parameter_value';
    END IF;

    DELETE FROM thread_ws.erased WHERE moment < now() - interval '7 days';

    SELECT array_agg(o.thread) INTO v_threads
    FROM (
        SELECT t.thread FROM thread_ws.threads t
        WHERE t.updated < now() - older_than
        ORDER BY t.updated
        LIMIT greatest(at_most, 0)
        FOR UPDATE SKIP LOCKED
    ) o;

    DELETE FROM thread_ws.runs r WHERE r.thread = ANY (v_threads);
    DELETE FROM thread_ws.threads t WHERE t.thread = ANY (v_threads);

    GET DIAGNOSTICS removed = ROW_COUNT;
END
$$;


-- All that an owner has, a line of JSON for each run, threads in the order in
-- which they began.

CREATE OR REPLACE FUNCTION thread_ws.export(owner text)
RETURNS SETOF json
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT json_build_object(
        'threadId', t.id, 'title', t.title, 'seq', r.seq,
        'requestId', r.request_id, 'content', r.content, 'answer', r.answer,
        'model', r.model, 'finishReason', r.finish_reason,
        'inputTokens', r.input_tokens, 'outputTokens', r.output_tokens,
        'latencyMs', r.latency_ms, 'createdAt', r.created,
        'asked', r.asked, 'told', r.told, 'replaced', r.replaced)
    FROM thread_ws.threads t
    JOIN thread_ws.runs r ON r.thread = t.thread
    WHERE t.owner = export.owner
    ORDER BY t.created, t.thread, r.seq;
$$;


-- An owner's threads that have runs, those with the newest run first.  before
-- is the cursor of another row, after which this list begins, or ''.  Without a
-- title of its own a thread has the beginning of its first message.

CREATE OR REPLACE FUNCTION thread_ws.list(
    owner text, before text, "limit" bigint)
RETURNS TABLE (id text, title text, updated bigint, runs bigint, cursor text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.id, coalesce(t.title, left(f.content, 80)),
           (extract(epoch FROM t.updated) * 1000)::bigint,
           (SELECT count(*) FROM thread_ws.runs r
            WHERE r.thread = t.thread AND r.replaced IS NULL),
           (extract(epoch FROM t.updated) * 1000000)::bigint
               || '-' || t.thread
    FROM thread_ws.threads t
    CROSS JOIN LATERAL (
        SELECT r.content FROM thread_ws.runs r
        WHERE r.thread = t.thread AND r.replaced IS NULL
        ORDER BY r.seq
        LIMIT 1
    ) f
    WHERE t.owner = list.owner
      AND (coalesce(list.before, '') = ''
           OR (t.updated, t.thread)
              < (timestamptz 'epoch' + split_part(list.before, '-', 1)::bigint
                                       * interval '1 microsecond',
                 split_part(list.before, '-', 2)::bigint))
    ORDER BY t.updated DESC, t.thread DESC
    LIMIT "limit";
$$;


-- Gives a thread a title, or with '' takes it away.  Whether it has runs.

CREATE OR REPLACE FUNCTION thread_ws.entitle(
    p_owner text, p_id text, p_title text, OUT entitled boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE thread_ws.threads t
    SET title = nullif(p_title, '')
    WHERE t.owner = p_owner AND t.id = p_id
      AND EXISTS (SELECT FROM thread_ws.runs r WHERE r.thread = t.thread);

    entitled := FOUND;
END
$$;


-- As gateways of version 1 call them, which may go on while this is done.

CREATE OR REPLACE FUNCTION thread_ws.load(
    p_owner text, p_id text, p_request_id text,
    p_after bigint, p_limit bigint, p_bytes bigint)
RETURNS SETOF thread_ws.run_row
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.generation, l.found, l.seq, l.request_id, l.content, l.answer,
           l.model, l.finish_reason, l.input_tokens, l.output_tokens,
           l.latency_ms, l.created, l.asked, l.told, l.replaced
    FROM thread_ws.threads t,
         thread_ws.load(p_owner, p_id, 0, p_request_id, p_after, p_limit,
                        p_bytes, NULL) l
    WHERE t.owner = p_owner AND t.id = p_id;
$$;

CREATE OR REPLACE FUNCTION thread_ws.append(
    p_owner text, p_id text, p_generation bigint, p_request_id text,
    p_content text, p_answer text, p_model text, p_finish_reason text,
    p_input_tokens bigint, p_output_tokens bigint, p_latency_ms bigint,
    OUT status text, OUT seq bigint, OUT created bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.status, s.seq, s.created
    FROM thread_ws.store(p_owner, p_id,
        CASE WHEN p_generation = coalesce(
            (SELECT t.generation FROM thread_ws.threads t
             WHERE t.owner = p_owner AND t.id = p_id
             FOR NO KEY UPDATE), 1)
        THEN -1 ELSE 1 END,
        p_request_id, p_content, p_answer, p_model, p_finish_reason,
        p_input_tokens, p_output_tokens, p_latency_ms, '', '', '') s;
$$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA thread_ws FROM PUBLIC;

-- who had the functions of version 1 needs those that came with it

DO $$
DECLARE
    v_role  regrole;
BEGIN
    FOR v_role IN
        SELECT DISTINCT a.grantee::regrole
        FROM pg_proc p, aclexplode(p.proacl) a
        WHERE p.oid = 'thread_ws.page(text,text,bigint,bigint,bigint)'
                      ::regprocedure
          AND a.grantee NOT IN (0, p.proowner)
          AND a.privilege_type = 'EXECUTE'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws '
                       'TO %s', v_role);
    END LOOP;
END
$$;

COMMIT;
