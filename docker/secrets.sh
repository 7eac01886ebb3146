#!/bin/sh
#
# secrets.sh
#
# Makes the files that the compose files read, in secrets/ beside this one, as far
# as they are missing: passwords by chance, and the agent's key as OPENAI_API_KEY
# has it, empty where there is none.  Any other text of one line will do, too.

set -eu

dir=$(dirname "$0")/secrets

umask 077
mkdir -p "$dir"

for name in gateway_password postgres_password; do
    [ -s "$dir/$name" ] ||
        od -An -v -tx1 -N 24 /dev/urandom | tr -d ' \n' >"$dir/$name"
done

[ -e "$dir/openai_api_key" ] ||
    printf %s "${OPENAI_API_KEY-}" >"$dir/openai_api_key"

# the containers' users are others; the directory is its owner's alone

chmod 644 "$dir"/*
