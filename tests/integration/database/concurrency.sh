# shellcheck shell=bash disable=SC2034,SC2154
# Several sessions at once: each address is handed out once, nobody waits without need, and no rule has a gap between
# two transactions. run.sh sources this file and calls run_concurrency. Every wait ends by itself.

concurrency_sql() { # SQL
    PGOPTIONS='-c statement_timeout=30s' postgres_psql -d "$(postgres_dsn dbname=concurrency)" -c "$1" 2>&1
}

concurrency_database() { # SQL
    fresh_database concurrency schema_template
    concurrency_sql "INSERT INTO wg_provision.networks (name) VALUES ('demo')" &&
        concurrency_sql "SELECT count(*) FROM (SELECT $1) AS made" >/dev/null
}

add() { # NUMBER [ARGUMENTS]: the statement that adds this peer and says so
    printf "SELECT 'added' FROM wg_provision.add_peer('demo', encode(sha256(int4send(%s)), 'base64')%s);\n" \
        "$1" "${2:-}"
}

address_of() { # NUMBER
    concurrency_sql "SELECT host(a.prefix)
        FROM wg_provision.allowed_ips a JOIN wg_provision.peers p ON p.id = a.peer_id
        WHERE p.public_key = sha256(int4send($1))"
}

# A psql that reads $work_dir/NAME.in, with its descriptors in NAME_in and NAME_out; of an error it says the code alone.
open_session() { # NAME
    local -n in="$1_in" out="$1_out"
    rm -f "$work_dir/$1".{in,out}
    mkfifo "$work_dir/$1.in" "$work_dir/$1.out"
    PGOPTIONS='-c statement_timeout=30s' postgres_psql -d "$(postgres_dsn dbname=concurrency)" --set=ON_ERROR_STOP=0 \
        --set=VERBOSITY=sqlstate <"$work_dir/$1.in" >"$work_dir/$1.out" 2>&1 &
    exec {in}>"$work_dir/$1.in" {out}<"$work_dir/$1.out"
}

close_sessions() { # NAME...: waits for them to be gone
    local name ignored
    for name in "$@"; do
        local -n in="${name}_in" out="${name}_out"
        printf '\\q\n' >&"$in"
        exec {in}>&-
        while read -r -t 30 ignored <&"$out"; do :; done
        exec {out}<&-
    done
}

ask() { # NAME SQL
    local -n in="$1_in"
    printf '%s\n\\echo .\n' "$2" >&"$in"
}

# What the session has said in answer to the oldest question that was not heard yet.
heard() { # NAME
    local -n out="$1_out"
    local line lines=""
    while read -r -t 30 line <&"$out"; do
        [[ "$line" != . ]] || { printf '%s' "${lines% }"; return 0; }
        lines+="$line "
    done
    printf '%s(silence)' "$lines"
}

ask_and_hear() { # NAME SQL
    ask "$1" "$2" && heard "$1"
}

# Whether a session comes to wait for a lock.
waits() {
    local tries
    for ((tries = 0; tries < 100; ++tries)); do
        [[ "$(concurrency_sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND state = 'active' AND wait_event_type = 'Lock'")" == 0 ]] || { printf 'yes'; return 0; }
        sleep 0.1
    done
    printf 'no'
}

expect() { # NAME WANTED GOT
    if [[ "$2" == "$3" ]]; then good=$((good + 1)); return; fi
    printf '%s: wanted "%s", got "%s"\n' "$@" >&2
    bad=$((bad + 1))
}

# Four sessions with 500 transactions each.
allocate_at_once() { # prints what the sessions said, each thing once with its number
    local session number pids=() status=0
    for session in 0 1 2 3; do
        for ((number = session * 500; number < (session + 1) * 500; ++number)); do add "$number"; done \
            >"$work_dir/allocate.$session"
        timeout 120 psql --no-psqlrc --quiet --no-align --tuples-only --set=VERBOSITY=sqlstate \
            -f "$work_dir/allocate.$session" "$(postgres_dsn dbname=concurrency)" >"$work_dir/allocated.$session" 2>&1 &
        pids+=("$!")
    done
    for session in 0 1 2 3; do wait "${pids[session]}" || status=$?; done
    printf '%s, status %s' "$(sort "$work_dir"/allocated.? | uniq -c | xargs)" "$status"
}

count_addresses() { # PREFIX: all addresses, distinct ones, those in the prefix, and the peers
    concurrency_sql "SELECT count(*), count(DISTINCT a.prefix), count(*) FILTER (WHERE a.prefix <<= '$1'),
        (SELECT count(*) FROM wg_provision.peers) FROM wg_provision.allowed_ips a"
}

concurrency_of_allocation() {
    concurrency_database "wg_provision.add_pool('demo', '10.0.0.0/8')"
    expect "four sessions allocate 500 addresses each" "2000 added, status 0" "$(allocate_at_once)"
    expect "every peer has an address of its own in the pool" "2000|2000|2000|2000" "$(count_addresses 10.0.0.0/8)"
    # A session leaves at most one piece of 64 behind, and what two of them are in the middle of.
    expect "the addresses are the first ones" t "$(concurrency_sql "SELECT max(prefix) < '10.0.9.0'
        FROM wg_provision.allowed_ips")"
    expect "none is lost: each is held or fresh" 16777213 "$(concurrency_sql "SELECT (SELECT count(*)
        FROM wg_provision.allowed_ips) + sum(last_address - first_address + 1) FROM wg_provision.fresh_ranges")"
    expect "and never both" 0 "$(concurrency_sql "SELECT count(*) FROM wg_provision.allowed_ips a
        JOIN wg_provision.fresh_ranges f ON a.prefix BETWEEN f.first_address AND f.last_address")"

    # 2045 addresses, of which 45 are held by hand.
    concurrency_database "wg_provision.add_pool('demo', '10.0.0.0/21', last_address => '10.0.7.254')"
    concurrency_sql "SELECT wg_provision.add_peer('demo', encode(sha256('by hand'), 'base64'), (SELECT array_agg(
        set_masklen('10.0.0.0'::inet + 45 * i, 32)::cidr) FROM generate_series(1, 45) i))" >/dev/null
    expect "four sessions empty a pool" "2000 added, status 0" "$(allocate_at_once)"
    expect "to the last address" 0 "$(concurrency_sql 'SELECT count(*) FROM wg_provision.fresh_ranges')"
    expect "then there is none" 1 \
        "$(concurrency_sql "$(add 2000)" | grep -c 'the pool 10.0.0.0/21 has no address left')"
    expect "each once" "2045|2045|2045|2001" "$(count_addresses 10.0.0.0/21)"

    # And all of them again.
    concurrency_sql "UPDATE wg_provision.pools SET hold_time = '0'; DELETE FROM wg_provision.peers WHERE name IS NULL
        AND public_key <> sha256('by hand')"
    expect "four sessions take what has come back" "2000 added, status 0" "$(allocate_at_once)"
    expect "each once again" "2045|2045|2045|2001" "$(count_addresses 10.0.0.0/21)"
}

concurrency_of_waiting() {
    concurrency_database "wg_provision.add_pool('demo', '10.0.0.0/16')"
    open_session one
    open_session two
    expect "the first session allocates from a new pool" added "$(ask_and_hear one "BEGIN; $(add 1)")"
    ask two "$(add 2)"
    expect "the second waits for it" yes "$(waits)"
    expect "it commits" "" "$(ask_and_hear one 'COMMIT;')"
    expect "and the second goes on" added "$(heard two)"

    # Both have begun: there are two pieces now.
    expect "the first is under way again" added "$(ask_and_hear one "BEGIN; $(add 3)")"
    expect "the second does not wait" added "$(ask_and_hear two "SET statement_timeout = '2s'; $(add 4)")"
    expect "nor for a whole piece" "$(printf 'added %.0s' {1..70} | sed 's/ $//')" \
        "$(ask_and_hear two "$(for number in {100..169}; do add "$number"; done)")"
    expect "nor when it is under way itself" added "$(ask_and_hear two "BEGIN; $(add 5)")"
    expect "the first goes on as well" "added" "$(ask_and_hear one "SET statement_timeout = '2s'; $(add 6) COMMIT;")"
    expect "and the second" "added" "$(ask_and_hear two "$(add 7) COMMIT;")"
    expect "with as many addresses as peers" "77|77|77|77" "$(count_addresses 10.0.0.0/16)"
    close_sessions one two
}

concurrency_of_rollback() {
    local given
    concurrency_database "wg_provision.add_pool('demo', '10.0.0.0/29')"
    open_session one
    open_session two
    expect "five addresses, and one session takes the first" added "$(ask_and_hear one "BEGIN; $(add 1)")"
    given="$(ask_and_hear one "SELECT host(prefix) FROM wg_provision.allowed_ips;")"
    expect "which is that of the pool" 10.0.0.2 "$given"
    ask two "$(add 2)"
    expect "another waits for it" yes "$(waits)"
    expect "it rolls back" "" "$(ask_and_hear one 'ROLLBACK;')"
    expect "and the other goes on" added "$(heard two)"
    expect "with the same address" "$given" "$(address_of 2)"

    expect "a session takes the rest" "added added added added" "$(ask_and_hear one "BEGIN; $(for number in {3..6}; do
        add "$number"; done)")"
    ask two "$(add 7)"
    expect "another waits for the last address" yes "$(waits)"
    expect "the first rolls back" "" "$(ask_and_hear one 'ROLLBACK;')"
    expect "and that address is not the last" added "$(heard two)"
    expect "the rest is taken again" "added added added" "$(ask_and_hear one "BEGIN; $(for number in {3..5}; do
        add "$number"; done)")"
    ask two "$(add 8)"
    expect "somebody waits once more" yes "$(waits)"
    expect "this time it is kept" "" "$(ask_and_hear one 'COMMIT;')"
    expect "and the pool is empty" "ERROR:  23514" "$(heard two)"
    expect "each address once" "5|5|5|5" "$(count_addresses 10.0.0.0/29)"

    concurrency_sql "UPDATE wg_provision.pools SET hold_time = '0'; DELETE FROM wg_provision.peers"
    expect "a returned address is taken" added "$(ask_and_hear one "BEGIN; $(add 10)")"
    expect "by one session, another has the next at once" added \
        "$(ask_and_hear two "SET statement_timeout = '2s'; $(add 11)")"
    expect "the first is rolled back" "" "$(ask_and_hear one 'ROLLBACK;')"
    expect "and all the others are there" "added added added added" "$(ask_and_hear two "$(for number in {12..15}; do
        add "$number"; done)")"
    close_sessions one two
}

concurrency_of_overlap() {
    local mine theirs
    concurrency_database "1"
    for mine in 10.0.0.0/24 10.0.0.5/32 fd00::/64; do
        case "$mine" in
            10.0.0.0/24) theirs=10.0.0.7/32 ;;
            10.0.0.5/32) theirs=10.0.0.5/32 ;;
            *) theirs=fd00::/48 ;;
        esac
        concurrency_sql 'DELETE FROM wg_provision.peers'
        open_session one
        open_session two
        expect "one adds $mine" added "$(ask_and_hear one "BEGIN; $(add 1 ", '{$mine}'")")"
        ask two "$(add 2 ", '{$theirs}'")"
        expect "who adds $theirs waits" yes "$(waits)"
        expect "the first commits" "" "$(ask_and_hear one 'COMMIT;')"
        expect "the second is refused" "ERROR:  23P01" "$(heard two)"
        expect "and leaves no peer" 1 "$(concurrency_sql 'SELECT count(*) FROM wg_provision.peers')"
        close_sessions one two
    done
    concurrency_sql 'DELETE FROM wg_provision.peers'
    open_session one
    open_session two
    expect "one adds a prefix" added "$(ask_and_hear one "BEGIN; $(add 1 ", '{10.0.0.0/24}'")")"
    ask two "$(add 2 ", '{10.0.0.7/32}'")"
    expect "another waits" yes "$(waits)"
    expect "the first rolls back" "" "$(ask_and_hear one 'ROLLBACK;')"
    expect "the second has it" added "$(heard two)"
    close_sessions one two
}

concurrency_of_ranges() {
    local narrow="UPDATE wg_provision.networks SET ranges = '{10.0.0.0/16}';"
    concurrency_database "1"
    concurrency_sql "UPDATE wg_provision.networks SET ranges = '{10.0.0.0/8}'"
    open_session one
    open_session two
    expect "one narrows the ranges" "" "$(ask_and_hear one "BEGIN; $narrow")"
    ask two "$(add 1 ", '{10.1.0.1/32}'")"
    expect "who adds an address waits" yes "$(waits)"
    expect "the ranges are narrow" "" "$(ask_and_hear one 'COMMIT;')"
    expect "the address is refused" "ERROR:  23514" "$(heard two)"
    expect "and leaves no peer" 0 "$(concurrency_sql 'SELECT count(*) FROM wg_provision.peers')"

    concurrency_sql "UPDATE wg_provision.networks SET ranges = '{10.0.0.0/8}'"
    expect "one adds an address" added "$(ask_and_hear one "BEGIN; $(add 2 ", '{10.1.0.2/32}'")")"
    ask two "$narrow"
    expect "who narrows the ranges waits" yes "$(waits)"
    expect "the address is there" "" "$(ask_and_hear one 'COMMIT;')"
    expect "the ranges are refused" "ERROR:  23514" "$(heard two)"
    expect "and stay" "{10.0.0.0/8}" "$(concurrency_sql 'SELECT ranges FROM wg_provision.networks')"

    expect "one makes a pool" 10.2.0.0/16 "$(ask_and_hear one "BEGIN;
        INSERT INTO wg_provision.pools (network_id, prefix) VALUES (1, '10.2.0.0/16') RETURNING prefix;")"
    ask two "DELETE FROM wg_provision.peers; $narrow"
    expect "who narrows the ranges waits for the pool" yes "$(waits)"
    expect "the pool is there" "" "$(ask_and_hear one 'COMMIT;')"
    expect "the ranges are refused, because of it" "ERROR:  23514" "$(heard two)"
    close_sessions one two
}

run_concurrency() {
    local good=0 bad=0 one_in one_out two_in two_out number
    concurrency_of_allocation
    concurrency_of_waiting
    concurrency_of_rollback
    concurrency_of_overlap
    concurrency_of_ranges
    count concurrency "$good" "$bad"
}
