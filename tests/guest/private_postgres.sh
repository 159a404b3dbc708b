#!/usr/bin/env bash
# A PostgreSQL server of one's own, in the guest or on the host: superuser postgres, no password, no
# TCP, nothing synced to disk. Run as root it belongs to the user postgres, as PostgreSQL refuses to
# run as root.
#
#   start DIRECTORY   makes DIRECTORY and starts a server with its socket there; connect with
#                     PGHOST=DIRECTORY PGUSER=postgres
#   stop DIRECTORY    stops it, without ceremony, and removes DIRECTORY
#   template          prepares what start unpacks (run.sh does it before each boot)
#
# initdb takes 12 s in the emulated guest, unpacking the template 1.5 s.
set -euo pipefail

checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
readonly checkout

fail() {
    printf 'private_postgres: %s\n' "$*" >&2
    exit 1
}

newest_server() {
    find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
}

server="$(newest_server)"
template="$checkout/build/guest/postgres-$(basename "$(dirname "${server:-/none/bin}")").tar"
readonly server template

as_owner() {
    if ((EUID == 0)); then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

own() {
    ((EUID != 0)) || chown postgres: "$1"
}

init_database() {
    as_owner "$server/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 \
        --locale=C.UTF-8 --pgdata="$1" >/dev/null
}

# Nothing to do without PostgreSQL: not every command in the guest wants it, and start tells.
make_template() {
    [[ -n "$server" && ! -f "$template" ]] || return 0
    local scratch
    scratch="$(mktemp -d)"
    own "$scratch"
    (cd / && init_database "$scratch/data")
    mkdir -p "$(dirname "$template")"
    tar -C "$scratch" -cf "$scratch/template.tar" data
    cp "$scratch/template.tar" "$template.$$"
    mv "$template.$$" "$template"
    rm -rf "$scratch"
}

start() {
    local directory="$1"
    [[ -n "$server" ]] || fail "no PostgreSQL server here; run: apt-get install postgresql"
    [[ "$directory" =~ ^/[A-Za-z0-9/._-]{1,80}$ ]] ||
        fail "not usable as a socket's folder: '$directory'"
    mkdir "$directory"
    own "$directory"
    cd "$directory"
    if [[ -f "$template" ]]; then
        # The server's user may not be able to walk to the checkout.
        as_owner tar -C "$directory" -xf - <"$template"
    else
        init_database "$directory/data"
    fi
    printf '%s\n' "unix_socket_directories = '$directory'" "listen_addresses = ''" 'fsync = off' \
        'full_page_writes = off' >>"$directory/data/postgresql.conf"
    as_owner "$server/pg_ctl" start --silent --wait --timeout=60 --pgdata="$directory/data" \
        --log="$directory/log" ||
        { cat "$directory/log" >&2; fail "the server in $directory did not start"; }
}

stop() {
    local directory="$1"
    [[ -f "$directory/data/PG_VERSION" ]] || fail "no server of ours in '$directory'"
    cd "$directory"
    as_owner "$server/pg_ctl" stop --silent --wait --mode=immediate \
        --pgdata="$directory/data"
    cd /
    rm -rf "$directory"
}

case "${1:-} $#" in
    "template 1") make_template ;;
    "start 2") start "$2" ;;
    "stop 2") stop "$2" ;;
    *) fail "usage: private_postgres.sh start DIRECTORY | stop DIRECTORY | template" ;;
esac
