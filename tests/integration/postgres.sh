#!/usr/bin/env bash
# A private PostgreSQL cluster for tests: on a UNIX socket of its own, never the machine's server. Source it for the
# functions, or run it to act on a cluster that another process started: postgres.sh DIR stop|start|restart|freeze|thaw.
# Works as root (the server then runs as user postgres), also without systemd. Durability is off.
#
#   postgres_start DIR [--port N]   make and start a cluster in DIR, which then belongs to it; with --port also on
#                                   loopback TCP, where every role needs a password
#   postgres_psql [ARGUMENT...]     psql as superuser; stops at the first error
#   postgres_dsn [KEYWORD=VALUE...] connection string for the superuser, later words override
#   postgres_stop, postgres_restart fast shutdown; restart keeps the settings
#   postgres_kill                   SIGKILL to the server and every session, as when the machine loses power
#   postgres_standby DIR            make a streaming standby of the cluster in DIR, from a base backup, and start it
#   postgres_promote DIR            make the standby in DIR a primary
#   postgres_end DIR                at once, whatever it is
#   pgbouncer_start DIR [LINE...]   a pooler in DIR before the cluster, in transaction mode; with LINEs for its settings
#   postgres_freeze, postgres_thaw  SIGSTOP and SIGCONT to the server and every session: accepts, never answers
#
# The role needs_password must give a password on the socket too. POSTGRES_TEMPLATE may name a data directory fresh from
# initdb, which is copied instead of running initdb; POSTGRES_BIN the folder of the server's programs.

postgres_dir="${postgres_dir:-}"
postgres_port="${postgres_port:-5432}"

postgres_fail() {
    printf 'postgres: %s\n' "$*" >&2
    return 1
}

postgres_as_owner() {
    if ((EUID == 0)); then
        # Not runuser, which asks PAM: that takes ten times as long.
        (cd / && exec setpriv --reuid postgres --regid postgres --init-groups env HOME=/ USER=postgres "$@")
    else
        "$@"
    fi
}

postgres_program() {
    local folder="${POSTGRES_BIN:-}"
    [[ -n "$folder" ]] || folder="$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"
    [[ -x "$folder/$1" ]] || postgres_fail "no $folder/$1; install the package postgresql" || return 1
    printf '%s' "$folder/$1"
}

postgres_start() {
    local port=""
    postgres_dir="$(realpath -m "$1")"
    if [[ "${2:-}" == --port ]]; then
        port="$3"
    fi
    postgres_port="${port:-5432}"
    # A socket's path may have 107 bytes.
    ((${#postgres_dir} < 80)) || postgres_fail "$postgres_dir is too long for a UNIX socket" || return 1
    mkdir -p "$postgres_dir"
    ((EUID != 0)) || chown postgres: "$postgres_dir"
    chmod 711 "$postgres_dir" # who may connect to its socket passes through, root without capabilities too
    postgres_as_owner test -w "$postgres_dir" ||
        postgres_fail "user postgres cannot reach $postgres_dir" || return 1
    postgres_make_cluster || return 1
    printf 'postgres_port=%s\npostgres_listen=%s\n' "$postgres_port" "${port:+127.0.0.1,::1}" \
        >"$postgres_dir/settings"
    postgres_launch
}

postgres_make_cluster() {
    local data="$postgres_dir/data" program
    if [[ -n "${POSTGRES_TEMPLATE:-}" ]]; then
        cp -a "$POSTGRES_TEMPLATE" "$data"
    else
        program="$(postgres_program initdb)" || return 1
        postgres_as_owner "$program" --no-sync --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
            -D "$data" >"$postgres_dir/initdb.log" || { cat "$postgres_dir/initdb.log" >&2; return 1; }
    fi
    cat >"$data/pg_hba.conf" <<'HBA'
local all needs_password scram-sha-256
local all all trust
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
HBA
}

postgres_launch() {
    local program postgres_listen=""
    # shellcheck source=/dev/null
    source "$postgres_dir/settings"
    program="$(postgres_program pg_ctl)" || return 1
    # The server must not inherit our descriptors: whoever reads our output would wait for it to end.
    postgres_as_owner "$program" --wait --silent --timeout=60 -D "$postgres_dir/data" -l "$postgres_dir/log" -o "\
-k '$postgres_dir' -c port=$postgres_port -c listen_addresses='$postgres_listen' -c fsync=off \
-c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=256MB" \
        start >/dev/null 2>&1 </dev/null || { tail -n 20 "$postgres_dir/log" >&2; return 1; }
}

postgres_stop() {
    local program
    [[ -f "$postgres_dir/data/postmaster.pid" ]] || return 0
    postgres_thaw
    program="$(postgres_program pg_ctl)" || return 1
    postgres_as_owner "$program" --wait --silent --timeout=60 -D "$postgres_dir/data" -m fast stop
}

postgres_restart() {
    postgres_stop && postgres_launch
}

postgres_pids() {
    local server
    read -r server <"$postgres_dir/data/postmaster.pid" 2>/dev/null || return 0
    printf '%s\n' "$server"
    pgrep -P "$server" || true
}

# The server first, so that it starts no session that would escape.
postgres_freeze() {
    local pid
    for pid in $(postgres_pids); do kill -STOP "$pid" 2>/dev/null || true; done
    for pid in $(postgres_pids); do kill -STOP "$pid" 2>/dev/null || true; done
}

postgres_kill() {
    local pid segment
    for pid in $(postgres_pids); do kill -KILL "$pid" 2>/dev/null || true; done
    # Nobody else removes what the server shares.
    segment="$(awk 'NR == 7 { print $2 }' "$postgres_dir/data/postmaster.pid")"
    [[ -z "$segment" ]] || ipcrm -m "$segment" 2>/dev/null || true
}

postgres_folder() {
    mkdir -p "$1"
    ((EUID != 0)) || chown postgres: "$1"
    chmod 711 "$1"
}

# Its socket lies in DIR, under the same port as the cluster's.
postgres_standby() {
    local program line='local replication all trust'
    postgres_folder "$1"
    if ! grep -qxF "$line" "$postgres_dir/data/pg_hba.conf"; then
        printf '%s\n' "$line" >>"$postgres_dir/data/pg_hba.conf"
        postgres_psql -c "SELECT pg_reload_conf()" >/dev/null
    fi
    program="$(postgres_program pg_basebackup)" || return 1
    postgres_as_owner "$program" -R -X stream -c fast -h "$postgres_dir" -p "$postgres_port" -U postgres -D "$1/data" ||
        return 1
    printf 'postgres_port=%s\npostgres_listen=\n' "$postgres_port" >"$1/settings"
    (postgres_dir="$1"; postgres_launch)
}

postgres_promote() {
    local program
    program="$(postgres_program pg_ctl)" || return 1
    postgres_as_owner "$program" --wait --silent --timeout=60 -D "$1/data" promote
}

postgres_end() {
    local program server
    read -r server 2>/dev/null <"$1/data/postmaster.pid" && kill -0 "$server" 2>/dev/null || return 0
    program="$(postgres_program pg_ctl)" || return 1
    postgres_as_owner "$program" --wait --silent --timeout=20 -D "$1/data" -m immediate stop
}

# The process id is in DIR/pid.
pgbouncer_start() {
    local dir="$1"; shift
    postgres_folder "$dir"
    chmod 711 "$dir"
    {
        printf '[databases]\n* = host=%s port=%s\n[pgbouncer]\n' "$postgres_dir" "$postgres_port"
        printf 'pool_mode = transaction\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = %s\n' "$dir"
        printf 'auth_type = trust\nauth_file = %s/users\npidfile = %s/pid\nlogfile = %s/log\n' "$dir" "$dir" "$dir"
        ((${#} == 0)) || printf '%s\n' "$@"
    } >"$dir/pgbouncer.ini"
    printf '"daemon_login" ""\n"postgres" ""\n' >"$dir/users"
    postgres_as_owner /usr/sbin/pgbouncer -q -d "$dir/pgbouncer.ini" >"$dir/out" 2>&1 </dev/null ||
        { cat "$dir/out" >&2; return 1; }
}

postgres_thaw() {
    local pid
    for pid in $(postgres_pids); do kill -CONT "$pid" 2>/dev/null || true; done
}

# shellcheck disable=SC2120  # its arguments come from the scripts that source this file
postgres_dsn() {
    printf 'host=%s port=%s user=postgres dbname=postgres' "$postgres_dir" "$postgres_port"
    ((${#} == 0)) || printf ' %s' "$@"
}

postgres_psql() {
    # shellcheck disable=SC2119
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$(postgres_dsn)" "$@"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
    set -euo pipefail
    [[ $# == 2 && -f "$1/settings" ]] || { printf 'usage: %s DIR stop|start|restart|freeze|thaw\n' "$0" >&2; exit 2; }
    postgres_dir="$1"
    # shellcheck source=/dev/null
    source "$postgres_dir/settings"
    case "$2" in
        start) postgres_launch ;;
        stop | restart | freeze | thaw) "postgres_$2" ;;
        *) postgres_fail "unknown command: $2"; exit 2 ;;
    esac
fi
