# shellcheck shell=bash disable=SC2034,SC2154
# Gateways that claim the same sessions at once: each waits for the other, never in a circle, and the later initiation wins
# whoever writes first. run.sh sources this file after concurrency.sh and calls run_claims.

# in_any_order LINES COUNT: so many lines, each of so many of the numbers 1 to 60. One process for all: the statements of
# this file are made by the thousand, and a process for each takes longer than running it.
in_any_order() {
    awk -v lines="$1" -v count="$2" -v seed="$RANDOM" 'BEGIN {
        srand(seed)
        for (i = 1; i <= 60; ++i) number[i] = i
        while (lines-- > 0) {
            for (i = 1; i <= count; ++i) {
                other = i + int(rand() * (61 - i))
                kept = number[i]; number[i] = number[other]; number[other] = kept
                printf "%d ", number[i]
            }
            print ""
        }
    }'
}

claim() { # GATEWAY SECONDS NUMBER...: the statement that claims these peers with an initiation so many seconds from now
    local gateway="$1" seconds="$2" IFS=,
    shift 2
    printf "SELECT 'claimed' FROM wg_provision.claim_sessions('%s', 'wg0', 'demo', ARRAY(SELECT sha256(int4send(i))
        FROM unnest('{%s}'::integer[]) WITH ORDINALITY AS n (i, o) ORDER BY o), array_fill(wg_provision.tai64n(
        '2026-01-01 00:00+00'::timestamptz + interval '%s s'), ARRAY[%s]), array_fill(0::bigint, ARRAY[%s]));\n" "$gateway" "$*" "$seconds" "$#" "$#"
}

holders() { # the gateways of the peers 1, 2, ...
    concurrency_sql "SELECT string_agg(s.gateway, ' ' ORDER BY s.peer_id) FROM wg_provision.sessions s"
}

claims_of_the_same_keys() {
    concurrency_database "wg_provision.add_peer('demo', encode(sha256(int4send(i)), 'base64'), '{}') FROM generate_series(1, 3) i"
    open_session one
    open_session two
    expect "one claims the first two" claimed "$(ask_and_hear one "BEGIN; $(claim gw1 10 2 1)")"
    ask two "$(claim gw2 9 1 3 2)"
    expect "who claims two of them waits" yes "$(waits)"
    expect "the first commits" "" "$(ask_and_hear one 'COMMIT;')"
    expect "and the second goes on" claimed "$(heard two)"
    expect "with what is newer or nobody's" "gw1 gw1 gw2" "$(holders)"

    concurrency_sql "DELETE FROM wg_provision.changes"
    expect "one claims all" claimed "$(ask_and_hear one "BEGIN; $(claim gw1 20 3 2 1)")"
    ask two "$(claim gw2 21 1 2 3)"
    expect "another waits" yes "$(waits)"
    expect "the first commits" "" "$(ask_and_hear one 'COMMIT;')"
    expect "the other is newer" claimed "$(heard two)"
    expect "and has all" "gw2 gw2 gw2" "$(holders)"
    expect "of which the first hears: it had one moved, then three" "1 3" "$(concurrency_sql "
        SELECT string_agg(cardinality(public_keys)::text, ' ' ORDER BY id) FROM wg_provision.changes")"

    expect "a claim that is rolled back" claimed "$(ask_and_hear one "BEGIN; $(claim gw1 30 1 2)")"
    ask two "$(claim gw3 25 2 1)"
    expect "is waited for" yes "$(waits)"
    expect "and was never made" "" "$(ask_and_hear one 'ROLLBACK;')"
    expect "so that an older one counts" claimed "$(heard two)"
    expect "for its keys" "gw3 gw3 gw2" "$(holders)"
    close_sessions one two
}

# Three gateways with 300 claims each of 20 of 60 keys, in any order, many of them new.
claims_in_any_order() {
    local gateway turn status=0 pids=() numbers
    concurrency_database "wg_provision.add_peer('demo', encode(sha256(int4send(i)), 'base64'), '{}') FROM generate_series(1, 60) i"
    for gateway in gw1 gw2 gw3; do
        turn=0
        while read -ra numbers; do
            claim "$gateway" "$((turn++))" "${numbers[@]}"
        done < <(in_any_order 300 20) >"$work_dir/claims.$gateway"
        timeout 120 psql --no-psqlrc --quiet --no-align --tuples-only --set=VERBOSITY=sqlstate \
            -f "$work_dir/claims.$gateway" "$(postgres_dsn dbname=concurrency)" >"$work_dir/claimed.$gateway" 2>&1 &
        pids+=("$!")
    done
    for gateway in "${pids[@]}"; do wait "$gateway" || status=$?; done
    expect "three gateways claim in any order" "900 claimed, status 0" \
        "$(sort "$work_dir"/claimed.gw? | uniq -c | xargs), status $status"
    expect "and the newest has been written" t "$(concurrency_sql "SELECT max(encode(initiation, 'hex'))
        = encode(wg_provision.tai64n('2026-01-01 00:04:59+00'), 'hex') FROM wg_provision.sessions")"
}

delete_peers() { # NUMBER...: the statement
    local IFS=,
    printf "DELETE FROM wg_provision.peers p WHERE p.public_key IN (SELECT sha256(int4send(i)) FROM unnest('{%s}'::integer[]) i);\n" "$*"
}

report() { # GATEWAY NUMBER...: the statement that reports these peers, in any order
    local gateway="$1" IFS=,
    shift
    printf "SELECT 'reported' FROM wg_provision.report_interface('%s', '1', 'wg0', 'demo', sha256('x'), 1,
        ARRAY(SELECT sha256(int4send(i)) FROM unnest('{%s}'::integer[]) i), array_fill('192.0.2.1'::inet, ARRAY[%s]),
        array_fill(1, ARRAY[%s]), array_fill(0::bigint, ARRAY[%s]), array_fill(0::bigint, ARRAY[%s]), array_fill(0::bigint, ARRAY[%s]));\n" \
        "$gateway" "$*" "$#" "$#" "$#" "$#" "$#"
}

# An administrator who deletes one peer after the other, and whoever writes of both.
deletions_under_way() {
    concurrency_database "wg_provision.add_peer('demo', encode(sha256(int4send(i)), 'base64'), '{}') FROM generate_series(1, 6) i"
    open_session one
    open_session two
    expect "all have a session" claimed "$(ask_and_hear two "$(claim gw2 1 1 2 3 4 5 6)")"
    expect "and are reported" reported "$(ask_and_hear two "$(report gw2 1 2 3 4 5 6)")"
    expect "an administrator deletes the second" "" "$(ask_and_hear one "BEGIN; $(delete_peers 2)")"
    expect "who claims it does not wait" claimed "$(ask_and_hear two "$(claim gw1 10 1 2 3)")"
    expect "the administrator goes on" "" "$(ask_and_hear one "$(delete_peers 1) COMMIT;")"
    expect "an administrator deletes the fourth" "" "$(ask_and_hear one "BEGIN; $(delete_peers 4)")"
    expect "who reports it does not wait" reported "$(ask_and_hear two "$(report gw2 3 4 5)")"
    expect "the administrator goes on" "" "$(ask_and_hear one "$(delete_peers 5 3) COMMIT;")"
    close_sessions one two
}

# 40 of 60 peers deleted and added again in any order, one after the other in a transaction, while three gateways claim and
# report them and somebody has their initiations forgotten, if they are peers just then.
deletions_in_any_order() {
    local gateway turn number numbers status=0 pids=() said
    concurrency_database "wg_provision.add_peer('demo', encode(sha256(int4send(i)), 'base64'), '{}') FROM generate_series(1, 60) i"
    for gateway in gw1 gw2 gw3; do
        turn=0
        while read -ra numbers; do
            claim "$gateway" "$((turn++))" "${numbers[@]:0:20}"
            report "$gateway" "${numbers[@]:20}"
        done < <(paste -d ' ' <(in_any_order 200 20) <(in_any_order 200 20)) >"$work_dir/writers.$gateway"
    done
    while read -ra numbers; do
        printf 'BEGIN;\n'
        for number in "${numbers[@]}"; do delete_peers "$number"; done
        for number in "${numbers[@]}"; do add "$number" ", '{}'"; done
        printf 'COMMIT;\n'
    done < <(in_any_order 60 40) >"$work_dir/writers.deleter"
    for ((turn = 0; turn < 100; ++turn)); do
        printf "SELECT 'forgot' FROM wg_provision.forget_initiations(encode(sha256(int4send(%s)), 'base64'));\n" \
            "$((RANDOM % 60 + 1))"
    done >"$work_dir/writers.forgetter"
    for gateway in gw1 gw2 gw3 deleter forgetter; do
        timeout 120 psql --no-psqlrc --quiet --no-align --tuples-only --set=VERBOSITY=sqlstate \
            -f "$work_dir/writers.$gateway" "$(postgres_dsn dbname=concurrency)" >"$work_dir/written.$gateway" 2>&1 &
        pids+=("$!")
    done
    for gateway in "${pids[@]}"; do wait "$gateway" || status=$?; done
    said="$(cat "$work_dir"/written.* | sed 's/^psql:[^ ]* //' | grep -v 'forgot\|P0002' | sort | uniq -c | xargs)"
    expect "nobody waits in a circle" "2400 added 600 claimed 600 reported, status 0" "$said, status $status"
}

run_claims() {
    local good=0 bad=0 one_in one_out two_in two_out
    claims_of_the_same_keys
    claims_in_any_order
    deletions_under_way
    deletions_in_any_order
    count claims "$good" "$bad"
}
