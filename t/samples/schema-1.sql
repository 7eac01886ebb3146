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
-- A thread that was removed leaves its row in thread_ws.threads: its generation
-- tells runs that were under way not to revive it.  Such rows may go once no
-- run or open connection can be older than they are:
--
--   DELETE FROM thread_ws.threads t
--   WHERE updated < now() - interval '7 days'
--     AND NOT EXISTS (SELECT FROM thread_ws.runs r WHERE r.thread = t.thread);

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

INSERT INTO thread_ws.version (version) VALUES (1) ON CONFLICT DO NOTHING;


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
        created        bigint    -- ms since the epoch
    );
EXCEPTION
    WHEN duplicate_object THEN NULL;
END
$$;


-- A thread's generation, the run of one request id, and the newest runs after
-- a sequence number, no more of them and no more bytes than said; oldest first.
-- STABLE: all of it is seen in the snapshot of the calling statement.

CREATE OR REPLACE FUNCTION thread_ws.load(
    p_owner text, p_id text, p_request_id text,
    p_after bigint, p_limit bigint, p_bytes bigint)
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

    IF v_thread IS NULL THEN
        RETURN;
    END IF;

    RETURN NEXT ROW(v_generation, false, NULL, NULL, NULL, NULL, NULL, NULL,
                    NULL, NULL, NULL, NULL)::thread_ws.run_row;

    RETURN QUERY
    SELECT v_generation, true, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint
    FROM thread_ws.runs r
    WHERE r.thread = v_thread AND r.request_id = p_request_id;

    IF p_limit = 0 THEN
        RETURN;
    END IF;

    RETURN QUERY
    SELECT v_generation, false, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint
    FROM (
        SELECT n.*, sum(octet_length(n.content) + octet_length(n.answer))
                    OVER (ORDER BY n.seq DESC) AS size
        FROM (
            SELECT * FROM thread_ws.runs
            WHERE thread = v_thread AND seq > p_after
            ORDER BY seq DESC
            LIMIT p_limit
        ) n
    ) r
    WHERE p_bytes = 0 OR r.size <= p_bytes
    ORDER BY r.seq;
END
$$;


-- The newest runs before a sequence number, for people; at least one of them,
-- however large.

CREATE OR REPLACE FUNCTION thread_ws.page(
    p_owner text, p_id text, p_before bigint, p_limit bigint, p_bytes bigint)
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
                    NULL, NULL, NULL, NULL)::thread_ws.run_row;

    RETURN QUERY
    SELECT v_generation, false, r.seq, r.request_id, r.content, r.answer,
           r.model, r.finish_reason, r.input_tokens, r.output_tokens,
           r.latency_ms, (extract(epoch FROM r.created) * 1000)::bigint
    FROM (
        SELECT n.*, sum(octet_length(n.content) + octet_length(n.answer))
                    OVER (ORDER BY n.seq DESC) AS size,
                    row_number() OVER (ORDER BY n.seq DESC) AS number
        FROM (
            SELECT * FROM thread_ws.runs
            WHERE thread = v_thread AND (p_before = 0 OR seq < p_before)
            ORDER BY seq DESC
            LIMIT p_limit
        ) n
    ) r
    WHERE p_bytes = 0 OR r.size <= p_bytes OR r.number = 1
    ORDER BY r.seq;
END
$$;


-- Stores one run.  The thread's row is locked first, so that sequence numbers
-- are given one after another and whoever sees one sees all before it; each
-- statement after that sees what earlier holders of the lock have committed.

CREATE OR REPLACE FUNCTION thread_ws.append(
    p_owner text, p_id text, p_generation bigint, p_request_id text,
    p_content text, p_answer text, p_model text, p_finish_reason text,
    p_input_tokens bigint, p_output_tokens bigint, p_latency_ms bigint,
    OUT status text, OUT seq bigint, OUT created bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_thread   bigint;
    v_removed  boolean;
    v_created  timestamptz := clock_timestamp();
BEGIN
    LOOP
        SELECT t.thread, t.generation <> p_generation, t.last_seq + 1
        INTO v_thread, v_removed, append.seq
        FROM thread_ws.threads t
        WHERE t.owner = p_owner AND t.id = p_id
        FOR NO KEY UPDATE;

        EXIT WHEN FOUND;

        INSERT INTO thread_ws.threads (owner, id)
        VALUES (p_owner, p_id)
        ON CONFLICT (owner, id) DO NOTHING;
    END LOOP;

    IF v_removed THEN
        status := 'removed';
        RETURN;
    END IF;

    INSERT INTO thread_ws.runs AS r
           (thread, seq, request_id, content, answer, model, finish_reason,
            input_tokens, output_tokens, latency_ms, created)
    VALUES (v_thread, append.seq, p_request_id, p_content, p_answer, p_model,
            p_finish_reason, p_input_tokens, p_output_tokens, p_latency_ms,
            v_created)
    ON CONFLICT (thread, request_id) DO NOTHING;

    IF NOT FOUND THEN
        status := 'duplicate';
        RETURN;
    END IF;

    UPDATE thread_ws.threads t
    SET last_seq = append.seq, updated = v_created
    WHERE t.thread = v_thread;

    status := 'stored';
    append.created := (extract(epoch FROM v_created) * 1000)::bigint;
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
BEGIN
    INSERT INTO thread_ws.threads AS t (owner, id, generation)
    VALUES (p_owner, p_id, 2)
    ON CONFLICT (owner, id) DO UPDATE
    SET generation = t.generation + 1, updated = clock_timestamp()
    RETURNING t.thread INTO v_thread;

    DELETE FROM thread_ws.runs r WHERE r.thread = v_thread;

    GET DIAGNOSTICS removed = ROW_COUNT;
END
$$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA thread_ws FROM PUBLIC;

COMMIT;
