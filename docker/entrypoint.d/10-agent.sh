#!/bin/bash
#
# Writes what the default template includes: conf.d/agent and conf.d/upstream.conf
# of OPENAI_BASE_URL and OPENAI_API_KEY, conf.d/model of MODEL, conf.d/store of
# DATABASE_URL, DATABASE_PASSWORD and DATABASE_POOL.  Of each of them *_FILE
# names a file that holds the value, as secrets are given.

set -eu

share=${THREAD_WS_SHARE:-/usr/share/thread-ws}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

. "$share/agent-conf"

die()
{
    echo "$*" >&2
    exit 1
}

# a file that is empty is no value

of_file()
{
    local name=$1 file=${1}_FILE

    [ -n "${!file-}" ] || return 0
    [ -z "${!name-}" ] || die "$name and $file are both set"
    [ -r "${!file}" ] || die "$file cannot be read: ${!file}"

    declare -gx "$name=$(<"${!file}")"
}

# a password may hold anything, and goes into a URI or among libpq's words

with_password()
{
    local url=$1 password=$2 encoded

    case $url in
    postgres://*|postgresql://*)
        encoded=$(printf %s "$password" | od -An -v -tx1 | tr -d ' \n' |
            sed 's/../%&/g')

        case $url in
        *\?*)  url+="&password=$encoded" ;;
        *)     url+="?password=$encoded" ;;
        esac
        ;;

    *)
        password=${password//\\/\\\\}
        url+=" password='${password//\'/\\\'}'"
        ;;
    esac

    DATABASE_URL=$url
}

[ -w "$output" ] ||
    die "$output cannot be written: it wants a volume, a tmpfs for instance"

for name in OPENAI_BASE_URL OPENAI_API_KEY MODEL DATABASE_URL \
    DATABASE_PASSWORD
do
    of_file $name
done

umask 077

nameservers=$(resolvers)

if [ -n "$nameservers" ]; then
    echo "resolver $nameservers${RESOLVER_VALID:+ valid=$RESOLVER_VALID};"
fi >"$output/resolver.conf"

agent_conf "$output/agent" "$output/upstream.conf"

if [ -n "${DATABASE_URL-}" ]; then
    [[ ${DATABASE_POOL:-1} =~ ^[1-9][0-9]*$ ]] ||
        die "DATABASE_POOL is no number: $DATABASE_POOL"

    [ -z "${DATABASE_PASSWORD-}" ] ||
        with_password "$DATABASE_URL" "$DATABASE_PASSWORD"

    quote "$DATABASE_URL" DATABASE_URL
    echo "thread_ws_store $quoted${DATABASE_POOL:+ pool=$DATABASE_POOL};"

else
    [ -z "${DATABASE_PASSWORD-}" ] ||
        die "DATABASE_PASSWORD is set, and DATABASE_URL is not"

    echo "thread_ws_store memory;"
fi >"$output/store"

if [ -n "${MODEL-}" ]; then
    quote_value "$MODEL" MODEL
    echo "thread_ws_model $quoted;"
fi >"$output/model"
