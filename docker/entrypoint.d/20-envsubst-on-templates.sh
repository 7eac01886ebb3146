#!/bin/sh
#
# Renders /etc/nginx/templates/**/*.template.  Only variables that are in the
# environment are replaced (and match NGINX_ENVSUBST_FILTER, where it is set):
# nginx has its own.

set -eu

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

[ -d "$templates" ] || exit 0

if [ ! -w "$output" ]; then
    echo "envsubst: $output cannot be written" >&2
    exit 0
fi

names=$(awk -v filter="${NGINX_ENVSUBST_FILTER:-}" '
    BEGIN {
        for (name in ENVIRON) {
            if (name ~ filter && name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) {
                printf "${%s} ", name
            }
        }
    }')

umask 077

find "$templates" -follow -type f -name "*$suffix" | while read -r template; do
    file=$output/${template#"$templates"/}
    file=${file%"$suffix"}

    mkdir -p "$(dirname "$file")"
    envsubst "$names" <"$template" >"$file"
done
