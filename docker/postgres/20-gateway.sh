#!/bin/sh
#
# The gateway's role: it may call the schema's functions and nothing else.  Run
# by the PostgreSQL image when the database is made.

set -eu

[ -s "$GATEWAY_PASSWORD_FILE" ] ||
    { echo "GATEWAY_PASSWORD_FILE has no password" >&2; exit 1; }

psql -X -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\set password `cat "$GATEWAY_PASSWORD_FILE"`
CREATE ROLE gateway LOGIN PASSWORD :'password';
GRANT USAGE ON SCHEMA thread_ws TO gateway;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws TO gateway;
SQL
