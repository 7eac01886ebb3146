#!/bin/sh
#
# Removes threads of PostgreSQL that had no run for THREAD_WS_KEEP, an interval
# as "90 days", until none is left: THREAD_WS_BATCH (100) in each transaction.
# Where the database is, the environment says as psql reads it: PGHOST,
# PGDATABASE, PGUSER, PGSERVICE, PGPASSWORD.  It says how many.

set -eu

: "${THREAD_WS_KEEP:?is not set: an interval as 90 days}"

batch=${THREAD_WS_BATCH:-100}
all=0

while :; do

    # as variables, which psql quotes

    n=$(psql -X -q -A -t -v ON_ERROR_STOP=1 \
        -v keep="$THREAD_WS_KEEP" -v batch="$batch" <<'SQL'
SELECT thread_ws.expire(:'keep'::interval, :'batch'::integer);
SQL
    )

    all=$((all + n))
    [ "$n" -ge "$batch" ] || break
done

echo "$all threads expired"
