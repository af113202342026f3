#!/bin/sh
# A throw-away PostgreSQL for the tests: its own folder, a Unix socket in it, no network, gone after `stop`.
#
#   url=$(tools/postgres-test.sh start)      prints a postgres:// URL whose role may create databases and roles
#   tools/postgres-test.sh crash "$url"      ends it at once, without its shutdown, and starts it again
#   tools/postgres-test.sh stop "$url"       stops the server and removes its folder
# Without a URL, crash and stop take the one in SHIRUBE_TEST_POSTGRES.
#
# Needs the server's programs, as Debian's package postgresql installs them. PostgreSQL does not run as root: then the
# account `postgres` is used.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || {
    echo "postgres-test: no initdb found; install the package postgresql" >&2
    exit 1
}

as_server() {
    if [ "$(id -u)" = 0 ]; then
        # The working folder may be closed to that account.
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- env HOME=/nonexistent "$@")
    else
        "$@"
    fi
}

# The folder of a server that this script started, from its URL.
folder_of() {
    folder=$(printf '%s' "$1" | sed -n 's/.*[?&]host=\([^&]*\).*/\1/p')
    case $folder in
    */shirube-pg.??????) ;;
    *) echo "postgres-test: $1 was not started by this script" >&2; exit 1 ;;
    esac
}

serve() {
    as_server "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --wait --silent start \
        --options="-c listen_addresses= -c unix_socket_directories=$folder -c max_connections=200 -c shared_buffers=64MB" \
        >"$folder.log" 2>&1 </dev/null || { cat "$folder.log" "$folder/log" >&2; exit 1; }
    rm -f "$folder.log"
}

case ${1:-} in
start)
    folder=$(mktemp -d "${TMPDIR:-/tmp}/shirube-pg.XXXXXX")
    [ "$(id -u)" != 0 ] || chown postgres: "$folder"
    chmod 755 "$folder"
    as_server "$bin/initdb" --pgdata="$folder/data" --username=owner --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --data-checksums >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
    serve
    echo "postgres://owner@/postgres?host=$folder"
    ;;
crash)
    folder_of "${2:-${SHIRUBE_TEST_POSTGRES:?crash needs the URL that start printed}}"
    as_server "$bin/pg_ctl" --pgdata="$folder/data" --mode=immediate --silent stop >/dev/null 2>&1 || true
    serve
    ;;
stop)
    folder_of "${2:-${SHIRUBE_TEST_POSTGRES:?stop needs the URL that start printed}}"
    as_server "$bin/pg_ctl" --pgdata="$folder/data" --mode=immediate --silent stop >/dev/null 2>&1 || true
    rm -rf "$folder"
    ;;
*)
    echo "usage: postgres-test.sh start | crash URL | stop URL" >&2
    exit 2
    ;;
esac
