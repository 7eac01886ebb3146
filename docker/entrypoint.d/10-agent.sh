#!/bin/bash
#
# Writes what the default template includes: conf.d/agent and conf.d/upstream.conf
# of OPENAI_BASE_URL and OPENAI_API_KEY, conf.d/model of MODEL, conf.d/store of
# DATABASE_URL.  *_FILE names a file that holds the value, as secrets are given.

set -eu

output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

. /usr/share/thread-ws/agent-conf

die()
{
    echo "$*" >&2
    exit 1
}

# an argument in double quotes; nginx would take a dollar for a variable's

quote()
{
    local text=${1//\\/\\\\}

    [[ $1 != *[[:cntrl:]]* ]] || die "$2 contains a control character"
    printf '"%s"' "${text//\"/\\\"}"
}

quote_plain()
{
    [[ $1 != *\$* ]] || die "$2 contains a \$, which nginx would read"
    quote "$1" "$2"
}

for name in OPENAI_API_KEY DATABASE_URL; do
    file=${name}_FILE

    if [ -n "${!file-}" ]; then
        declare -x "$name=$(<"${!file}")"
    fi
done

umask 077

nameservers=$(resolvers)

if [ -n "$nameservers" ]; then
    echo "resolver $nameservers;" >"$output/resolver.conf"
fi

agent_conf "$output/agent" "$output/upstream.conf"

if [ -n "${DATABASE_URL-}" ]; then
    echo "thread_ws_store $(quote "$DATABASE_URL" DATABASE_URL);"
else
    echo "thread_ws_store memory;"
fi >"$output/store"

if [ -n "${MODEL-}" ]; then
    echo "thread_ws_model $(quote_plain "$MODEL" MODEL);"
fi >"$output/model"
