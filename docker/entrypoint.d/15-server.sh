#!/bin/bash
#
# Writes what the machine and the environment decide: conf.d/workers of WORKERS,
# or else of the processors that there are and the cgroup's quota of them;
# conf.d/events of CONNECTIONS, for each worker; conf.d/listen of PORT;
# conf.d/metrics.conf of METRICS_LISTEN, which switches it off when it is empty.

set -eu

output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
cgroup=${CGROUP:-/sys/fs/cgroup}

die()
{
    echo "$*" >&2
    exit 1
}

number()
{
    [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || die "$1 is no number: $2"
}

port()
{
    [[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -lt 65536 ]] || die "$1 is no port: $2"
}

# Every quota that holds for this process, as "QUOTA PERIOD": its cgroup's, and
# those of the ones above it as far as they are to be seen here.

quotas()
{
    local controllers path base own=${CGROUPS:-/proc/self/cgroup}

    [ -r "$own" ] || return 0

    while IFS=: read -r _ controllers path; do
        case ,$controllers, in
        ,,)       base=$cgroup ;;
        *,cpu,*)  base=$cgroup/cpu ;;
        *)        continue ;;
        esac

        path=${path%/}

        while :; do
            cat "$base$path/cpu.max" 2>/dev/null ||
                paste -d ' ' "$base$path/cpu.cfs_quota_us" \
                    "$base$path/cpu.cfs_period_us" 2>/dev/null || true

            [ -n "$path" ] || break
            path=${path%/*}
        done
    done <"$own"
}

processors()
{
    local least quota period all

    least=$(nproc)
    all=$(quotas)

    while read -r quota period; do
        [[ $quota =~ ^[1-9][0-9]*$ && $period =~ ^[1-9][0-9]*$ ]] || continue

        quota=$(((quota + period - 1) / period))
        [ "$quota" -ge "$least" ] || least=$quota
    done <<<"$all"

    echo "$least"
}

# the port, for IPv4 and, where there is any, for IPv6

listens()
{
    echo "listen $1;"
    [ ! -e /proc/net/if_inet6 ] || echo "listen [::]:$1;"
}

workers=${WORKERS:-$(processors)}
connections=${CONNECTIONS:-16384}
port=${PORT:-8080}

number WORKERS "$workers"
number CONNECTIONS "$connections"
port PORT "$port"

# A run takes three descriptors and two of the connections.  No more than the
# hard limit can be had without being root.

files=$((connections * 2))
limit=$(ulimit -Hn)

if [ "$limit" != unlimited ] && [ "$limit" -lt $files ]; then
    files=$limit

    if [ "$files" -lt "$connections" ]; then
        echo "only $files descriptors are allowed: CONNECTIONS is $files," \
            "not $connections" >&2
        connections=$files
    fi
fi

umask 077

printf '%s\n' "worker_processes $workers;" "worker_rlimit_nofile $files;" \
    >"$output/workers"
echo "worker_connections $connections;" >"$output/events"
listens "$port" >"$output/listen"

rm -f "$output/metrics.conf"
metrics=${METRICS_LISTEN-127.0.0.1:9145}
[ -n "$metrics" ] || exit 0

[[ $metrics =~ ^([][A-Za-z0-9.:*_-]*:)?[0-9]+$ ]] ||
    die "METRICS_LISTEN is no port and no address with one: $metrics"

port METRICS_LISTEN "${metrics##*:}"

{
    echo "server {"

    case $metrics in
    *:*)  echo "listen $metrics;" ;;
    *)    listens "$metrics" ;;
    esac

    cat <<'C'
    access_log off;

    location = /metrics {
        thread_ws_status public;
    }
}
C
} >"$output/metrics.conf"
