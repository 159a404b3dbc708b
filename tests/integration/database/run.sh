#!/usr/bin/env bash
# Tests against a real PostgreSQL, in a private cluster that is gone afterwards:
#
#   *.sql         pgTAP: the schema keeps its rules and its rights by itself (each in a fresh database)
#   command_line  wg-provisionctl: what it does and with which exit status
#   *.cpp         database_test: sessions, pool and migrations, with the server stopped, frozen and changed under them
#
# Usage: run.sh   (BUILD_DIR: where the programs are built, default build/dev). The last line is "N passed, N failed".
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
checkout="$(cd "$here/../../.." && pwd -P)"
build="$(cd "$checkout" && realpath "${BUILD_DIR:-build/dev}")"
readonly here checkout build
readonly ctl="$build/service/wg-provisionctl"
passed=0
failed=0
work_dir=""

# shellcheck source-path=SCRIPTDIR source=../postgres.sh
source "$here/../postgres.sh"

# shellcheck disable=SC2317  # called by the trap on EXIT
clean_up() {
    local status=$?
    trap - EXIT INT TERM HUP
    if [[ -n "$work_dir" ]]; then
        postgres_stop || true
        rm -rf "$work_dir"
    fi
    exit "$status"
}

count() { # WHAT PASSED FAILED
    passed=$((passed + $2))
    failed=$((failed + $3))
    printf '%s: %s passed, %s failed\n' "$@"
}

fresh_database() { # NAME [TEMPLATE]
    postgres_psql -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS $1" \
        -c "CREATE DATABASE $1 TEMPLATE ${2:-template0}"
}

# Prints what is not "ok". A file that ends early fails by as many tests as are missing, and by one at least.
run_tap_file() {
    local output planned good bad missing
    fresh_database tap schema_template
    output="$(postgres_psql -d "$(postgres_dsn dbname=tap)" -f "$1" 2>&1)" || true
    planned="$(sed -n 's/^1\.\.//p' <<<"$output")"
    good="$(grep -c '^ok' <<<"$output")" || true
    bad="$(grep -c '^not ok' <<<"$output")" || true
    missing=$((${planned:-1} - good - bad))
    ((bad + missing == 0)) || grep -v '^ok' <<<"$output" >&2 || true
    count "$(basename "$1")" "$good" "$((bad + (missing < 0 ? -missing : missing)))"
}

run_tap() {
    local file
    fresh_database schema_template
    "$ctl" db migrate --schema-dir "$checkout/schema" --dsn "$(postgres_dsn dbname=schema_template)" >/dev/null
    postgres_psql -d "$(postgres_dsn dbname=schema_template)" -c 'CREATE EXTENSION pgtap SCHEMA public'
    for file in "$here"/*.sql; do
        run_tap_file "$file"
    done
}

# Runs wg-provisionctl and compares exit status and a part of its output.
expect_ctl() { # STATUS WORDS ARGUMENT...
    local wanted="$1" words="$2" status=0 output
    shift 2
    output="$("$ctl" "$@" 2>&1)" || status=$?
    if [[ "$status" == "$wanted" && "$output" == *"$words"* ]]; then
        good=$((good + 1))
        return
    fi
    printf 'wg-provisionctl %s\n  wanted status %s and "%s"\n  got status %s and: %s\n' \
        "$*" "$wanted" "$words" "$status" "$output" >&2
    bad=$((bad + 1))
}

run_command_line() {
    local good=0 bad=0 dsn
    dsn="$(postgres_dsn dbname=command_line)"
    fresh_database command_line
    printf '%s\n' "$dsn password=secret" >"$work_dir/dsn"
    printf 'host=a\nhost=b\n' >"$work_dir/two_lines"
    : >"$work_dir/empty"

    expect_ctl 1 'run: wg-provisionctl db migrate' db status --dsn "$dsn"
    expect_ctl 0 'applied 0001_peers.sql' db migrate --dsn-file "$work_dir/dsn"
    expect_ctl 0 'nothing to do' db migrate --dsn "$dsn"
    PGHOST="$postgres_dir" PGUSER=postgres PGDATABASE=command_line expect_ctl 0 'schema version' db status
    WG_PROVISIOND_SCHEMA_DIR="$work_dir/missing" expect_ctl 2 'No such file' db status --dsn "$dsn"
    expect_ctl 2 'no connection string' db status --dsn-file "$work_dir/empty"
    expect_ctl 2 'no connection string' db status --dsn-file "$work_dir/missing"
    expect_ctl 2 'more than one line' db status --dsn-file "$work_dir/two_lines"
    expect_ctl 2 '--dsn-file' db status --dsn 'host=a password=hunter2'
    expect_ctl 2 'excludes' db status --dsn "$dsn" --dsn-file "$work_dir/dsn"
    expect_ctl 2 'malformed' db status --dsn 'hunter2'
    expect_ctl 2 'subcommand' db
    expect_ctl 2 'not expected' db migrate --nonsense
    expect_ctl 3 'connect to the database' db status --dsn 'host=/nonexistent'
    expect_ctl 0 'Exit status' --help
    count "command line" "$good" "$bad"
}

run_database_test() {
    local report="$work_dir/report" status=0 good bad
    PROVISIOND_TEST_CLUSTER="$postgres_dir" PROVISIOND_TEST_CONTROL="$here/../postgres.sh" \
        LSAN_OPTIONS="suppressions=$here/leaks.supp:print_suppressions=0" "$build/tests/database_test" >"$report" 2>&1 || status=$?
    good="$(grep -c '^\[       OK \]' "$report")" || true
    bad="$(grep -c '^\[  FAILED  \].* ms)$' "$report")" || true
    if ((status != 0)); then
        cat "$report" >&2
        ((bad > 0)) || bad=1
    fi
    count database_test "$good" "$bad"
}

main() {
    local program
    for program in "$ctl" "$build/tests/database_test"; do
        [[ -x "$program" ]] || { printf 'database: %s is not built\n' "$program" >&2; exit 2; }
    done
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    work_dir="$(mktemp -d)"
    chmod 711 "$work_dir"
    postgres_start "$work_dir/cluster"
    run_tap
    run_command_line
    run_database_test
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
