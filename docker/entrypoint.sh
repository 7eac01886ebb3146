#!/bin/sh
#
# Before nginx is started: runs what lies in /docker-entrypoint.d, in order.
# *.envsh are sourced, so that they may set variables; *.sh are run.

set -eu

say()
{
    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "entrypoint: $*" >&2
}

case ${1-} in
nginx|nginx-debug)
    for file in /docker-entrypoint.d/*; do
        [ -x "$file" ] || continue

        case $file in
        *.envsh)  say "reading $file"; . "$file" ;;
        *.sh)     say "running $file"; "$file" ;;
        esac
    done
    ;;
esac

exec "$@"
