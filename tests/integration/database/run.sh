#!/usr/bin/env bash
# Tests against a real PostgreSQL, in a private cluster that is gone afterwards:
#
#   *.sql         pgTAP: the schema keeps its rules and its rights by itself (each in a fresh database)
#   cookbook      docs/sql.md: every block of it, in order
#   command_line  wg-provisionctl: what it does and with which exit status
#   administration  its networks, peers and explanations
#   defaults      what an administrator has set for the database changes nothing
#   migrations    from every earlier version, with data
#   owners        whoever migrates, the schema belongs to wg_provision_owner, or it is refused
#   check         db check: finds each bad thing, and its remedy ends it
#   hostile       a stranger who may create functions in `public` gets nothing by it
#   concurrency   several sessions at once
#   claims        gateways that claim the same sessions at once
#   *.cpp         database_test: sessions, pool and migrations, with the server stopped, frozen and changed under them
#
# Usage: run.sh [PART...], for example run.sh tap; all by default (BUILD_DIR: where the programs are built, default build/dev).
# The last line is "N passed, N failed".
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
checkout="$(cd "$here/../../.." && pwd -P)"
build="$(cd "$checkout" && realpath "${BUILD_DIR:-build/dev}")"
readonly here checkout build
readonly ctl="$build/service/wg-provisionctl"
passed=0
failed=0
work_dir=""
pids=() # of the groups
judge_hears="" judge_says=""

# shellcheck source-path=SCRIPTDIR source=../postgres.sh
source "$here/../postgres.sh"
# Debian's psql is a script that looks for the real one, which takes longer than most of what is asked here.
PATH="$(dirname "$(postgres_program psql)"):$PATH"
# shellcheck source-path=SCRIPTDIR source=migrations.sh
source "$here/migrations.sh"
# shellcheck source-path=SCRIPTDIR source=hostile.sh
source "$here/hostile.sh"
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$here/check.sh"
# shellcheck source-path=SCRIPTDIR source=concurrency.sh
source "$here/concurrency.sh"
# shellcheck source-path=SCRIPTDIR source=claims.sh
source "$here/claims.sh"
# shellcheck source-path=SCRIPTDIR source=cookbook.sh
source "$here/cookbook.sh"

# shellcheck disable=SC2317  # called by the trap on EXIT
clean_up() {
    local status=$? pid
    trap - EXIT INT TERM HUP
    for pid in "${pids[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null || true; done
    if [[ -n "$work_dir" ]]; then
        [[ -z "$postgres_dir" ]] || postgres_stop || true
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
    [[ "${2:-}" != schema_template ]] || prepare_template
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

# A migrated database to copy, made when a part first needs it.
prepare_template() {
    [[ -z "$(postgres_psql -c "SELECT 1 FROM pg_database WHERE datname = 'schema_template'")" ]] || return 0
    fresh_database schema_template
    "$ctl" db migrate --schema-dir "$checkout/schema" --dsn "$(postgres_dsn dbname=schema_template)" >/dev/null
    postgres_psql -d "$(postgres_dsn dbname=schema_template)" -c 'CREATE EXTENSION pgtap SCHEMA public'
}

run_tap() {
    local file
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

    expect_ctl 1 'run: wg-provisionctl db migrate' db status --dsn "$dsn"
    chmod 604 "$work_dir/dsn"
    expect_ctl 2 'run chmod o-rwx' db migrate --dsn-file "$work_dir/dsn"
    chmod 600 "$work_dir/dsn"
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
    expect_ctl 2 'write %40' db status --dsn 'postgresql://u:first@hunter2@127.0.0.1/x'
    expect_ctl 2 '--dsn-file' db status --dsn 'postgresql://u:pa?ss@127.0.0.1/x'
    expect_ctl 2 'subcommand' db
    expect_ctl 2 'not expected' db migrate --nonsense
    expect_ctl 3 'connect to the database' db status --dsn 'host=/nonexistent'
    expect_ctl 0 'Exit status' --help
    count "command line" "$good" "$bad"
}

# One interpreter for all expressions: to start it takes ten times as long as what it is asked about.
start_judge() {
    mkfifo "$work_dir/judge"
    exec {judge_hears}> >(exec python3 -c '
import json, sys
def word():
    found = b""
    while (byte := sys.stdin.buffer.read(1)) != b"\0":
        if not byte: sys.exit()
        found += byte
    return found.decode(errors="surrogateescape")
while True:
    expression, text = word(), word()
    try: holds = bool(eval(expression, {"it": json.loads(text)}))
    except Exception: holds = False
    print("yes" if holds else "no", flush=True)' >"$work_dir/judge")
    exec {judge_says}<"$work_dir/judge"
}
holds() { # EXPRESSION JSON
    local answer
    [[ -n "$judge_says" ]] || start_judge
    printf '%s\0%s\0' "$1" "$2" >&"$judge_hears"
    read -r -t 30 answer <&"$judge_says" && [[ "$answer" == yes ]]
}

# As expect_ctl with status 0; the expression sees the JSON that is printed as `it`.
expect_json() { # EXPRESSION ARGUMENT...
    local expression="$1" output
    shift
    output="$("$ctl" "$@" 2>&1)" || true
    if holds "$expression" "$output"; then
        good=$((good + 1))
        return
    fi
    printf 'wg-provisionctl %s\n  wanted %s\n  got: %s\n' "$*" "$expression" "$output" >&2
    bad=$((bad + 1))
}

expect_true() { # WORDS COMMAND ARGUMENT...
    local words="$1"
    shift
    if "$@"; then
        good=$((good + 1))
    else
        printf 'not so: %s\n' "$words" >&2
        bad=$((bad + 1))
    fi
}

run_networks() {
    expect_ctl 0 'added network demo' network add demo --comment "$hostile"
    expect_ctl 0 'added network other' network add other
    expect_ctl 4 'networks_name_unique' network add demo
    expect_ctl 4 'networks_name_shape' network add "$hostile"
    expect_ctl 4 'networks_name_shape' network add ''
    expect_ctl 4 'invalid byte sequence' network add bytes --comment $'\xff'
    expect_ctl 0 "$hostile" network list
    expect_json "[n['name'] for n in it] == ['demo', 'other']" network list --json
    expect_json "it[0]['comment'] == \"$hostile\" and it[1]['comment'] is None" network list --json
    expect_ctl 3 'connect to the database' network list --dsn 'host=/nonexistent'
    expect_ctl 2 'NAME is required' network add
}

run_known_keys() {
    expect_ctl 0 'added peer' peer add laptop --network demo --public-key "$key" --allowed-ips '10.0.0.2/32, fd00::2/128'
    expect_ctl 4 'already peer' peer add laptop --network demo --public-key "$key" --allowed-ips 10.0.0.3/32
    expect_ctl 4 'peers_name_unique' peer add laptop --network demo --public-key "$other_key" --allowed-ips 10.0.0.3/32
    expect_ctl 4 'overlaps' peer add x --network demo --public-key "$other_key" --allowed-ips 10.0.0.0/24
    expect_ctl 4 'cidr' peer add x --network demo --public-key "$other_key" --allowed-ips "$hostile"
    expect_ctl 4 'timestamp' peer add x --network demo --public-key "$other_key" --allowed-ips 10.0.0.3/32 --expires-at "$hostile"
    expect_ctl 4 'there is no network' peer add x --network "$hostile" --public-key "$other_key" --allowed-ips 10.0.0.3/32
    expect_ctl 4 'keepalive' peer add x --network demo --public-key "$other_key" --allowed-ips 10.0.0.3/32 --keepalive 65536
    expect_ctl 2 'not a WireGuard key' peer add x --network demo --public-key "$hostile" --allowed-ips 10.0.0.3/32
    expect_ctl 2 'not one key' peer add x --network demo --public-key "$other_key" --allowed-ips 10.0.0.3/32 \
        --preshared-key-file "$work_dir/empty"
    expect_json "len(it) == 1" peer list --json
    expect_ctl 0 'added peer' peer add "$hostile" --network demo --public-key "$other_key" --allowed-ips 10.0.0.3/32 \
        --preshared-key-file "$work_dir/preshared"
    expect_ctl 0 'preshared key     yes' peer show "$hostile" --network demo
    expect_json "it['preshared_key'] is True and '$(<"$work_dir/preshared")' not in str(it)" peer show "$other_key" --json
    expect_ctl 4 'peers_name_printable' peer add $'a\x1b[31m\nb' --network other --public-key "$gateway_key" \
        --allowed-ips 10.0.0.2/32
    # As a database from before that rule may hold it.
    expect_ctl 0 'added peer' peer add old --network other --public-key "$gateway_key" --allowed-ips 10.0.0.2/32
    postgres_psql -d "$dsn" -c 'ALTER TABLE wg_provision.peers DROP CONSTRAINT peers_name_printable' \
        -c "UPDATE wg_provision.peers SET name = E'a\\x1b[31m\\nb' WHERE name = 'old'" \
        -c "ALTER TABLE wg_provision.peers ADD CONSTRAINT peers_name_printable CHECK (name !~ '[\\u0001-\\u001f]') NOT VALID"
    expect_json "it['id'] > 0 and it['name'] == 'a\x1b[31m\nb'" peer show "$gateway_key" --json
    expect_ctl 0 'a\x1b[31m\x0ab' peer list --network other
    expect_json "[p['network'] for p in it] == ['demo', 'demo', 'other']" peer list --json
    expect_ctl 5 'there is no network' peer list --network "$hostile"
    expect_ctl 5 'there is no peer' peer show nobody --network demo
    expect_ctl 5 'is no peer of network' peer show "$key" --network other
    expect_ctl 2 'a name needs --network' peer show laptop
}

# report_gateway NAME KEY: as a gateway of the network roaming does.
report_gateway() {
    postgres_psql -d "$dsn" -c "SELECT wg_provision.report_interface('$1', '1', 'wg0', 'roaming', decode('$2', 'base64'), 0,
        '{}', '{}', '{}', '{}', '{}', '{}')" >/dev/null
}

status_untold() { # ARGUMENT...: the exit status where standard error cannot be written
    local status=0
    "$ctl" "$@" 2>/dev/full || status=$?
    printf '%s' "$status"
}

# new_client STATUS WORDS ARGUMENT...: a peer that gets its keys here.
new_client() {
    local wanted="$1" words="$2"
    shift 2
    expect_ctl "$wanted" "$words" peer add "$@" --network demo --endpoint vpn.example.org:51820 --gateway-key "$gateway_key"
}

run_new_clients() {
    local config="$work_dir/client.conf" peers private public
    new_client 0 'PrivateKey = ' printed --allowed-ips 10.0.1.1/32 --preshared
    new_client 0 'added peer' filed --allowed-ips 10.0.1.2/32 --config "$config" --dns 10.0.0.1 --keepalive 25
    expect_true 'the file is for its owner only' test "$(stat -c %a "$config")" = 600
    private="$(sed -n 's/^PrivateKey = //p' "$config")"
    public="$(wg pubkey <<<"$private")"
    expect_json "it['public_key'] == '$public' and it['keepalive_seconds'] == 25" peer show filed --network demo --json
    expect_true 'the private key is not in the database' test -z \
        "$(pg_dump -d "$dsn" --schema=wg_provision | grep -F -e "$private" || true)"
    new_client 0 '▀▀▀▀▀' coded --allowed-ips 10.0.1.3/32 --qr
    peers="$("$ctl" peer list --json)"
    new_client 2 'File exists' again --allowed-ips 10.0.1.4/32 --config "$config"
    new_client 2 'No such file' again --allowed-ips 10.0.1.4/32 --config "$work_dir/missing/x"
    new_client 4 'overlaps' again --allowed-ips 10.0.1.3/32 --config "$work_dir/refused"
    new_client 2 'single address' again --allowed-ips 10.0.2.0/24 --config "$work_dir/refused"
    new_client 4 'cidr' again --allowed-ips "$hostile"
    new_client 2 '--dns' again --allowed-ips 10.0.1.4/32 --dns "$hostile"
    new_client 2 '--json needs --config' again --allowed-ips 10.0.1.4/32 --json
    expect_ctl 2 'network set demo --endpoint' peer add again --network demo --allowed-ips 10.0.1.4/32
    expect_ctl 2 'give --gateway-key' peer add again --network demo --allowed-ips 10.0.1.4/32 --endpoint vpn.example.org:1
    expect_ctl 2 'network set demo --endpoint' peer add again --network demo --allowed-ips 10.0.1.4/32 --gateway-key "$gateway_key"
    expect_true 'a peer without a configuration leaves no row' test "$("$ctl" peer list --json)" = "$peers"
    expect_ctl 2 '--endpoint' peer add again --network demo --allowed-ips 10.0.1.4/32 --endpoint $'a:1\nPostUp = b' \
        --gateway-key "$gateway_key"
    expect_true 'refused peers leave no row' test "$("$ctl" peer list --json)" = "$peers"
    expect_true 'refused peers leave no file' test -z "$(find "$work_dir" -maxdepth 1 -name 'refused*' -o -name 'client.conf.*')"
    expect_true 'an error that nobody can be told is a status' test 2 = "$(status_untold peer show nobody)"
    expect_true 'a full disk is told' test "$("$ctl" peer list 2>&1 >/dev/full)" = 'wg-provisionctl: print: No space left on device'
}

# What a network knows need not be said again when a peer is added.
run_network_settings() {
    expect_ctl 0 'added network roaming' network add roaming --range 10.20.0.0/16 --range fd20::/64 \
        --endpoint vpn.example.org:51820 --dns 10.20.0.1,fd20::1 --client-allowed-ips 10.0.0.0/8 --keepalive 15
    expect_json "[n for n in it if n['name'] == 'roaming'][0] | {'id': 0, 'created_at': ''} == {'id': 0, 'created_at': '',
        'name': 'roaming', 'comment': None, 'ranges': ['10.20.0.0/16', 'fd20::/64'], 'endpoint': 'vpn.example.org:51820',
        'client_dns': ['10.20.0.1', 'fd20::1'], 'client_allowed_ips': ['10.0.0.0/8'], 'keepalive_seconds': 15,
        'idle_timeout_seconds': None, 'allowed_sources': [], 'roaming': True, 'several_gateways': False,
        'peers': 0}" network list --json
    expect_ctl 0 '10.20.0.0/16, fd20::/64  vpn.example.org:51820' network list
    postgres_psql -d "$dsn" -c "SELECT wg_provision.add_pool('roaming', '10.20.0.0/24'),
        wg_provision.add_pool('roaming', 'fd20::/64', 'derived')" >/dev/null
    report_gateway gw1 "$gateway_key"
    expect_ctl 0 'added peer' peer add pooled --network roaming --config "$work_dir/pooled"
    expect_true 'addresses come from the pools' grep -qx 'Address = 10.20.0.2/32, fd20::.*/128' "$work_dir/pooled"
    expect_true 'the rest is the network'\''s' test "$(grep -E '^(DNS|PublicKey|Endpoint|AllowedIPs|Persist)' "$work_dir/pooled")" = \
        "$(printf '%s\n' 'DNS = 10.20.0.1, fd20::1' "PublicKey = $gateway_key" 'Endpoint = vpn.example.org:51820' \
            'AllowedIPs = 10.0.0.0/8' 'PersistentKeepalive = 15')"
    expect_ctl 0 'added peer' peer add own --network roaming --config "$work_dir/own" --gateway-key "$gateway_key" --dns 10.9.9.9 \
        --endpoint '[2001:db8::1]:1' --client-allowed-ips 10.20.0.0/16 --keepalive 0
    expect_true 'options go before the network' test "$(grep -cE '^(DNS = 10.9.9.9|Endpoint = \[2001:db8::1\]:1|AllowedIPs = 10.20.0.0/16)$|^Persist' \
        "$work_dir/own")" = 3
    expect_ctl 4 'no address pool' peer add poor --network demo --public-key "$unknown_key"
    postgres_psql -d "$dsn" -c "SELECT wg_provision.add_pool('other', '10.30.0.0/32')" >/dev/null
    expect_ctl 0 'added peer' peer add only --network other --public-key "$(wg genkey | wg pubkey)"
    expect_ctl 4 'no address left' peer add late --network other --public-key "$unknown_key"
    expect_ctl 2 '--gateway-key is not' peer add x --network roaming --gateway-key "$hostile"
    report_gateway gw2 "$key"
    expect_ctl 2 'have 2 keys' peer add x --network roaming
    expect_ctl 4 'lies outside the ranges' peer add x --network roaming --public-key "$unknown_key" --allowed-ips 10.21.0.1/32

    expect_ctl 0 'changed network roaming' network set roaming --endpoint other.example.org:1 --dns '' --comment "$hostile"
    expect_json "[n for n in it if n['name'] == 'roaming'][0]['client_dns'] == []" network list --json
    expect_ctl 0 'other.example.org:1' network list
    expect_ctl 4 'would lie outside' network set roaming --range 10.20.0.0/16
    expect_ctl 0 'changed network' network set roaming --range 10.0.0.0/8 --range fd20::/64,fd21::/64
    expect_json "[n for n in it if n['name'] == 'roaming'][0]['ranges'] == ['10.0.0.0/8', 'fd20::/64', 'fd21::/64']" network list --json
    expect_ctl 0 'changed network' network set roaming --range '' --keepalive 0
    expect_json "[(n['ranges'], n['keepalive_seconds']) for n in it if n['name'] == 'roaming'] == [([], 0)]" network list --json
    expect_ctl 4 'cidr' network set roaming --range "$hostile"
    expect_ctl 4 'networks_endpoint_shape' network set roaming --endpoint "$hostile"
    expect_ctl 4 'inet' network set roaming --dns example.org
    expect_ctl 2 'nothing to change' network set roaming
    expect_ctl 5 'there is no network' network set "$hostile" --keepalive 1
}

# rules_of NETWORK: how its peers live, as a Python expression of network list --json.
rules_of() {
    printf "[(n['idle_timeout_seconds'], n['allowed_sources'], n['roaming'], n['several_gateways']) for n in it if n['name'] == '%s'][0]" "$1"
}
readonly peer_rules="(it['allowed_sources'], it['roaming'], it['several_gateways'], it['evict_last'])"

run_life_rules() {
    local own_key given_key
    own_key="$(wg genkey | wg pubkey)" given_key="$(wg genkey | wg pubkey)"
    expect_ctl 0 'added network life' network add life --idle-timeout 1h --allowed-sources 192.0.2.0/24 \
        --allowed-sources 198.51.100.0/24,2001:db8::/32 --roaming no --several-gateways yes
    expect_json "$(rules_of life) == (3600, ['192.0.2.0/24', '198.51.100.0/24', '2001:db8::/32'], False, True)" network list --json
    expect_ctl 0 'changed network life' network set life --roaming yes
    expect_json "$(rules_of life) == (3600, ['192.0.2.0/24', '198.51.100.0/24', '2001:db8::/32'], True, True)" network list --json
    expect_ctl 0 'changed network life' network set life --idle-timeout '' --allowed-sources '' --several-gateways no --comment x
    expect_json "$(rules_of life) == (None, [], True, False)" network list --json
    expect_ctl 4 'networks_idle_timeout_range' network set life --idle-timeout 179s
    expect_ctl 4 'networks_idle_timeout_range' network add x --idle-timeout '31 days'
    expect_ctl 4 'interval' network set life --idle-timeout "$hostile"
    expect_ctl 4 'cidr' network set life --allowed-sources 10.0.0.1/8
    expect_ctl 4 'cidr' network set life --allowed-sources "$hostile"
    expect_ctl 4 'source_list_shape' network set life --allowed-sources "$(seq -f '10.%g.0.0/16' -s , 65)"
    expect_ctl 2 '--roaming' network set life --roaming ''
    expect_ctl 2 '--several-gateways' network set life --several-gateways "$hostile"
    expect_ctl 5 'there is no network' network set "$hostile" --roaming no
    expect_json "len([n for n in it if n['name'] == 'x']) == 0" network list --json

    expect_ctl 0 'added peer' peer add plain --network life --public-key "$own_key" --allowed-ips 10.70.0.1/32
    expect_json "$peer_rules == ([], None, None, False)" peer show "$own_key" --json
    expect_ctl 0 'roams             as the network' peer show "$own_key"
    expect_ctl 0 'added peer' peer add ruled --network life --public-key "$given_key" --allowed-ips 10.70.0.2/32 \
        --allowed-sources 10.0.0.0/8,fd00::/8 --roaming no --several-gateways yes --evict-last yes
    expect_json "$peer_rules == (['10.0.0.0/8', 'fd00::/8'], False, True, True)" peer show "$given_key" --json
    expect_ctl 0 'allowed sources   10.0.0.0/8, fd00::/8' peer show "$given_key"
    expect_ctl 0 'changed peer' peer set "$given_key" --roaming yes
    expect_json "$peer_rules == (['10.0.0.0/8', 'fd00::/8'], True, True, True)" peer show "$given_key" --json
    expect_ctl 0 '(ruled) of network life' peer set "$given_key" --allowed-sources '' --roaming '' --several-gateways '' --evict-last no
    expect_json "$peer_rules == ([], None, None, False)" peer show "$given_key" --json
    expect_ctl 4 'cidr' peer set "$own_key" --allowed-sources "$hostile"
    expect_ctl 4 'cidr' peer add again --network life --public-key "$unknown_key" --allowed-ips 10.70.0.3/32 --allowed-sources x
    expect_ctl 5 'is no peer' peer show "$unknown_key"
    expect_ctl 2 'nothing to change' peer set "$own_key"
    expect_ctl 2 '--evict-last' peer set "$own_key" --evict-last maybe
    expect_ctl 2 'not a WireGuard key' peer set "$hostile" --roaming no
    expect_ctl 5 'is no peer' peer set "$unknown_key" --roaming no

    postgres_psql -d "$dsn" -c "SELECT wg_provision.claim_sessions('gw1', 'wg0', 'life', ARRAY[decode('$own_key', 'base64')],
        ARRAY[wg_provision.tai64n(now())], '{1000000}')" >/dev/null
    expect_ctl 0 'forgot the initiations of peer' peer forget-initiations "$own_key"
    expect_true 'none is remembered' test "$(postgres_psql -d "$dsn" -c "SELECT gateway, initiation IS NULL FROM wg_provision.sessions
        WHERE public_key = decode('$own_key', 'base64')")" = 'gw1|t'
    expect_ctl 5 'there is no peer' peer forget-initiations "$unknown_key"
    expect_ctl 2 'not a WireGuard key' peer forget-initiations "$hostile"
}

run_pools() {
    expect_ctl 0 'added network depot' network add depot --range 10.40.0.0/16,fd40::/64
    expect_ctl 0 'added pool 10.40.0.0/24 of network depot' pool add depot 10.40.0.0/24
    expect_ctl 0 'added pool' pool add depot 10.40.1.0/24 --first 10.40.1.10 --last 10.40.1.20 --hold 1d
    expect_ctl 0 'added pool' pool add depot fd40::/64 --derived
    expect_ctl 0 'added peer' peer add one --network depot --public-key "$(wg genkey | wg pubkey)"
    expect_ctl 0 'added peer' peer add two --network depot --public-key "$(wg genkey | wg pubkey)" --allowed-ips 10.40.1.15/32
    expect_json "[p | {'id': 0} for p in it] == [
        {'id': 0, 'network': 'depot', 'prefix': '10.40.0.0/24', 'method': 'sequential', 'first_address': '10.40.0.2',
         'last_address': '10.40.0.254', 'hold_time': '7 days', 'held': 1},
        {'id': 0, 'network': 'depot', 'prefix': '10.40.1.0/24', 'method': 'sequential', 'first_address': '10.40.1.10',
         'last_address': '10.40.1.20', 'hold_time': '1 day', 'held': 1},
        {'id': 0, 'network': 'depot', 'prefix': 'fd40::/64', 'method': 'derived', 'first_address': None,
         'last_address': None, 'hold_time': '7 days', 'held': 1}]" pool list --network depot --json
    expect_ctl 0 'depot    fd40::/64     derived     -           -            1     -' pool list --network depot
    expect_json "{'depot', 'roaming', 'other'} == {p['network'] for p in it}" pool list --json
    expect_ctl 4 'pools_no_overlap' pool add depot 10.40.0.128/25
    expect_ctl 4 'lies outside the ranges' pool add depot 10.41.0.0/24
    expect_ctl 4 'pools_derived_shape' pool add depot 10.40.9.0/24 --derived
    expect_ctl 4 'pools_sequential_shape' pool add depot 10.40.9.0/24 --first 10.40.8.1
    expect_ctl 4 'cidr' pool add depot "$hostile"
    expect_ctl 4 'interval' pool add depot 10.40.9.0/24 --hold "$hostile"
    expect_ctl 5 'there is no network' pool add "$hostile" 10.40.9.0/24
    expect_ctl 5 'there is no network' pool list --network "$hostile"

    postgres_psql -d "$dsn" -c "SELECT FROM wg_provision.report_gateway('gw1', '1', '00000000-0000-4000-8000-000000000001', '', 'h', false)"
    expect_ctl 0 'gateway1 may be the gateway gw1' gateway allow gateway1 gw1 --network depot --network other
    expect_ctl 5 'there is no network' gateway allow gateway1 gw1 --network "$hostile"
    expect_json "[(g['gateway'], g['interface'], g['alive'], g['same_name'], g['logins']) for g in it
        if g['gateway'] == 'gw1'] == [('gw1', 'wg0', True, 0, 'gateway1')]" gateway list --json
    expect_ctl 0 'gateway1' gateway list
    expect_ctl 0 'was allowed' gateway forbid gateway1 gw1
    expect_ctl 5 'was not allowed' gateway forbid gateway1 gw1
}

run_onboarding_logins() {
    local desk="$dsn user=some_desk" one_key
    one_key="$(wg genkey | wg pubkey)"
    postgres_psql -d "$dsn" -c 'CREATE ROLE some_desk LOGIN IN ROLE wg_provision_onboarding'
    expect_ctl 0 'some_desk may onboard for what it is allowed' onboarding allow some_desk --network depot --network other
    expect_ctl 5 'there is no network' onboarding allow some_desk --network "$hostile"
    expect_ctl 2 '--network is required' onboarding allow some_desk
    expect_ctl 0 'not onboard for these networks' onboarding forbid some_desk --network other
    expect_json "it == [{'login': 'some_desk', 'network': 'depot', 'deleted': False}]" onboarding list --json
    expect_ctl 0 'some_desk  depot' onboarding list
    expect_ctl 1 'may not onboard for the network "other"' expect "$one_key" --network other --dsn "$desk"
    expect_ctl 0 'expecting' expect "$one_key" --network depot --dsn "$desk"
    expect_ctl 0 'added peer' peer add handed --network depot --dsn "$desk" --config "$work_dir/handed" --endpoint h:1 \
        --gateway-key "$gateway_key"
    expect_true 'onboarding hands out what it has added' grep -q '^Address = 10.40' "$work_dir/handed"
    expect_ctl 0 'added peer' peer add known --network depot --dsn "$desk" --public-key "$(wg genkey | wg pubkey)"
    expect_ctl 1 'may not onboard' peer add x --network other --dsn "$desk" --public-key "$(wg genkey | wg pubkey)"
    expect_true 'the trail says who changed it' test wg-provisionctl = "$(postgres_psql -d "$dsn" \
        -c "SELECT DISTINCT application FROM wg_provision.audit WHERE changed_by = 'some_desk'")"
    expect_ctl 1 'permission denied' onboarding trust some_desk --dsn "$desk"
    expect_ctl 0 'not onboard for any network' onboarding forbid some_desk
    expect_ctl 0 'some_desk  (none)' onboarding list
    expect_ctl 0 'some_desk may onboard for every network' onboarding trust some_desk
    expect_ctl 5 'bound to no network' onboarding trust some_desk
    expect_json 'it == []' onboarding list --json
}

run_onboarding() {
    local seen_key expected_key roaming_key onboarding="$dsn user=some_onboarding"
    seen_key="$(wg genkey | wg pubkey)" expected_key="$(wg genkey | wg pubkey)" roaming_key="$(wg genkey | wg pubkey)"
    postgres_psql -d "$dsn" -c 'CREATE ROLE some_onboarding LOGIN IN ROLE wg_provision_onboarding' -c "
        SELECT wg_provision.record_sightings('gw1', ARRAY['depot', 'depot', 'other'],
            ARRAY[decode('$seen_key', 'base64'), decode('$roaming_key', 'base64'), decode('$roaming_key', 'base64')],
            ARRAY['unknown_key', 'unknown_key', 'unknown_key'], ARRAY['192.0.2.7', '2001:db8::7', '192.0.2.8']::inet[],
            ARRAY[4711, 4712, 4713])" >/dev/null
    expect_json "len(it) == 3" pending --json
    expect_json "('192.0.2.7', 4711, 'gw1', 1, '$seen_key') in [
        (p['address'], p['port'], p['gateway'], p['times_seen'], p['public_key']) for p in it]" pending --network depot --json
    expect_ctl 0 '[2001:db8::7]:4712  gw1' pending
    expect_ctl 0 "$seen_key" pending --network depot --dsn "$onboarding"
    expect_ctl 5 'there is no network' pending --network "$hostile"
    expect_ctl 4 'seen in the networks depot, other' approve "$roaming_key"
    expect_ctl 0 'of network other: 10.31.0.1/32' approve "$roaming_key" --network other --allowed-ips 10.31.0.1/32 --name "$hostile"
    expect_json "it['name'] == \"$hostile\"" peer show "$roaming_key" --json
    expect_ctl 4 'cidr' approve "$seen_key" --allowed-ips "$hostile"
    expect_ctl 4 'timestamp' approve "$seen_key" --expires-at "$hostile"
    expect_ctl 5 'no gateway has seen' approve "$seen_key" --network "$hostile"
    expect_ctl 5 'no gateway has seen' approve "$expected_key"
    expect_ctl 0 'approved peer' approve "$seen_key" --name seen --expires-at '2100-01-01 00:00+00' --dsn "$onboarding"
    expect_json "it['network'] == 'depot' and it['expires_at'] == '2100-01-01T00:00:00Z' and len(it['allowed_ips']) == 2" \
        peer show "$seen_key" --json
    expect_json "it == []" pending --json
    expect_ctl 4 'is a peer already' expect "$seen_key" --network depot
    expect_ctl 0 "expecting $expected_key in network depot" expect "$expected_key" --network depot --name boxed --dsn "$onboarding"
    expect_ctl 4 'is expected already' expect "$expected_key" --network depot
    expect_ctl 0 'expected: no peer yet' explain "$expected_key" --network depot
    expect_json "it['verdict'] == 'expected' and it['network'] == 'depot'" explain "$expected_key" --json
    expect_ctl 0 'unknown: ' explain "$expected_key" --network demo
    postgres_psql -d "$dsn" -c "SELECT wg_provision.allow_trials('depot', '$(<"$work_dir/preshared")')" >/dev/null
    expect_ctl 0 'trial: no peer; becomes one' explain "$unknown_key" --network depot
    expect_ctl 5 'there is no network' expect "$unknown_key" --network "$hostile"
    expect_ctl 2 'not a WireGuard key' approve "$hostile"
    expect_ctl 2 'not a WireGuard key' expect "$hostile" --network depot
}

run_peer_changes() {
    local first second third
    first="$(wg genkey | wg pubkey)" second="$(wg genkey | wg pubkey)" third="$(wg genkey | wg pubkey)"
    expect_ctl 0 'added peer' peer add rover --network demo --public-key "$first" --allowed-ips 10.0.5.1/32
    expect_ctl 0 '(rover) of network demo; the former one is let in for 1h' peer rotate "$first" "$second" --overlap 1h
    expect_json "it['name'] == 'rover'" peer show "$second" --json
    expect_true 'both keys are let in' test "$(postgres_psql -d "$dsn" -c "SELECT string_agg(verdict, ' ') FROM wg_provision.find_peers(
        '{demo,demo}', ARRAY[decode('$first', 'base64'), decode('$second', 'base64')])")" = 'found found'
    expect_ctl 0 'the former one is revoked' peer rotate "$second" "$third"
    expect_json "it['verdict'] == 'revoked' and it['revocation']['reason'] == 'rotated'" explain "$second" --json
    expect_ctl 4 'was revoked' peer rotate "$third" "$second"
    expect_ctl 4 'is the old one' peer rotate "$third" "$third"
    expect_ctl 4 'already' peer rotate "$third" "$other_key"
    expect_ctl 4 'interval' peer rotate "$third" "$unknown_key" --overlap "$hostile"
    expect_ctl 4 'negative' peer rotate "$third" "$unknown_key" --overlap=-1h
    expect_ctl 5 'there is no peer' peer rotate "$unknown_key" "$first"
    expect_ctl 2 'NEWKEY is not a WireGuard key' peer rotate "$third" "$hostile"

    expect_ctl 0 'of network depot: 10.40.0.' peer move "$third" --network depot
    expect_ctl 0 'of network demo: 10.0.5.7/32' peer move "$third" --network demo --allowed-ips 10.0.5.7/32
    expect_ctl 4 'allowed_ips_no_overlap' peer move "$third" --network demo --allowed-ips 10.0.0.0/8
    expect_ctl 4 'cidr' peer move "$third" --network depot --allowed-ips "$hostile"
    expect_ctl 5 'there is no network' peer move "$third" --network "$hostile"
    expect_ctl 5 'there is no peer' peer move "$unknown_key" --network demo

    expect_ctl 0 'expires at 2100-01-01T00:00:00Z' peer expire "$third" --at '2100-01-01 00:00+00'
    expect_json "it['expires_at'] == '2100-01-01T00:00:00Z'" peer show "$third" --json
    expect_ctl 0 '(rover) of network demo expires never' peer expire "$third" --never
    expect_json "it['expires_at'] is None" peer show "$third" --json
    expect_ctl 4 'in the past' peer expire "$third" --at 2001-01-01
    expect_ctl 4 'timestamp' peer expire "$third" --at "$hostile"
    expect_ctl 2 'Give --at TIME or --never' peer expire "$third"
    expect_ctl 5 'there is no peer' peer expire "$unknown_key" --never

    expect_ctl 0 'revoked peer' peer revoke "$third"
    expect_ctl 4 'was revoked' peer add again --network demo --public-key "$third" --allowed-ips 10.0.5.1/32
    expect_ctl 0 "pardoned $third" peer pardon "$third"
    expect_ctl 0 'added peer' peer add again --network demo --public-key "$third" --allowed-ips 10.0.5.1/32
    expect_ctl 5 'was not revoked' peer pardon "$third"
    expect_ctl 2 'not a WireGuard key' peer pardon "$hostile"
}

run_manifests() {
    local manifest="$work_dir/manifest.csv" first second third secret exported
    first="$(wg genkey | wg pubkey)" second="$(wg genkey | wg pubkey)" third="$(wg genkey | wg pubkey)" secret="$(wg genpsk)"
    expect_ctl 0 'added network import' network add import
    expect_ctl 0 'added network copy' network add copy
    expect_ctl 0 'added pool' pool add import 10.60.0.0/24
    printf '%s\n' 'network,public_key,name,allowed_ips,preshared_key,labels,comment' \
        "import,$first,first,\"10.50.0.1/32,fd50::1/128\",$secret,\"{\"\"a\"\": 1}\",\"two" 'lines, ""quoted"""' \
        "import,$second,second,,,," "import,$first,again,10.50.0.3/32,$secret,," "nowhere,$third,third,10.50.0.4/32,$secret,," \
        "import,$third,third,$secret,,," >"$manifest"
    expect_ctl 4 '0 added, 3 refused, and so nothing is imported' peer import "$manifest" --all-or-nothing
    expect_json "it == []" peer list --network import --json
    expect_json "it['added'] == 0 and [r['line'] for r in it['refused']] == [5, 6, 7]" peer import "$manifest" --all-or-nothing --json
    expect_ctl 4 '2 added, 3 refused' peer import "$manifest" --dsn "$dsn user=some_onboarding"
    expect_json "[(p['name'], p['allowed_ips'], p['preshared_key'], p['labels'], p['comment']) for p in it] == [
        ('first', ['10.50.0.1/32', 'fd50::1/128'], True, {'a': 1}, 'two\nlines, \"quoted\"'),
        ('second', ['10.60.0.2/32'], False, {}, None)]" peer list --network import --json
    expect_ctl 4 'there is no network "nowhere"' peer import - <"$manifest"
    expect_json "it['added'] == 0 and len(it['refused']) == 5 and '$secret' not in str(it) and it['refused'][4] == {
            'line': 7, 'reason': 'allowed_ips: invalid input syntax for type cidr: \"(a key)\"', 'network': 'import',
            'public_key': '$third', 'name': 'third'}" peer import "$manifest" --json
    expect_true 'no output quotes a preshared key' test -z "$("$ctl" peer import "$manifest" 2>&1 | grep -F -e "$secret" || true)"

    exported="$("$ctl" peer export --network import)"
    expect_true 'an export has each column of an import' test "${exported%%$'\n'*}" = "network,public_key,name,allowed_ips,\
preshared_key,keepalive_seconds,enabled,not_before,expires_at,labels,comment,outside_ranges,allowed_sources,roaming,\
several_gateways,evict_last"
    expect_true 'preshared keys are not exported' test -z "$(grep -F -e "$secret" <<<"$exported")"
    expect_ctl 0 "import,$second,second,10.60.0.2/32,,0,true,,,,,,,,,false" peer export --network import --dsn "$dsn user=some_viewer"
    postgres_psql -d "$dsn" -c "DELETE FROM wg_provision.peer_list WHERE network = 'import'" >/dev/null
    expect_ctl 4 'its preshared key is not in the manifest' peer import - --all-or-nothing \
        <<<"${exported//$'\n'import,/$'\n'copy,}"
    expect_ctl 0 '2 added, 0 refused' peer import - < <(sed "s/^import,/copy,/; s|(set)|$secret|" <<<"$exported")
    expect_true 'what is imported is what was exported' test "$("$ctl" peer export --network copy | sed 's/^copy,/import,/')" = "$exported"
    expect_ctl 0 'copy,' peer export
    expect_ctl 5 'there is no network' peer export --network "$hostile"

    # Pools and network are held for a piece of it at a time.
    expect_ctl 0 'added network' network add pieces
    python3 -c 'import base64, os
print("network,public_key,allowed_ips")
for n in range(4500): print("pieces,%s,none" % base64.b64encode(os.urandom(32)).decode())
print("pieces,nonsense,none")' >"$work_dir/pieces.csv"
    expect_json "it['added'] == 4500 and [r['line'] for r in it['refused']] == [4502]" peer import "$work_dir/pieces.csv" --json
    expect_true 'each in a transaction of its own' test 3 = "$(postgres_psql -d "$dsn" -c "SELECT count(DISTINCT xid)
        FROM wg_provision.audit WHERE relation = 'peers' AND (after ->> 'network_id')::integer
            = (SELECT id FROM wg_provision.networks WHERE name = 'pieces')")"
    postgres_psql -d "$dsn" -c "DELETE FROM wg_provision.peers WHERE network_id = (SELECT id FROM wg_provision.networks WHERE name = 'pieces')"

    expect_ctl 0 '0 added, 0 refused' peer import - <<<'network,public_key'
    expect_ctl 2 'first line must name the columns' peer import "$work_dir/empty"
    expect_ctl 2 'column 2 of the header is none of' peer import - <<<"network,$secret"
    expect_ctl 2 'line 2: 1 fields' peer import - <<<$'network,public_key\nx'
    expect_ctl 2 'No such file' peer import "$work_dir/missing"
    expect_ctl 4 'invalid byte sequence' peer import - <<<$'network,public_key\nx,\xff'
    expect_ctl 3 'connect to the database' peer import "$manifest" --dsn 'host=/nonexistent'
    expect_ctl 1 'permission denied' peer import "$manifest" --dsn "$dsn user=some_viewer"
}

# The view shows peers to those who may not read preshared keys.
run_viewer() {
    local viewer="$dsn user=some_viewer"
    postgres_psql -d "$dsn" -c 'CREATE ROLE some_viewer LOGIN IN ROLE wg_provision_viewer'
    expect_json "len(it) > 1 and [p['preshared_key'] for p in it if p['name'] == 'printed'] == [True]" peer list --json --dsn "$viewer"
    expect_ctl 0 'preshared key     yes' peer show "$other_key" --dsn "$viewer"
    expect_ctl 0 'preshared key     yes' peer show printed --network demo --dsn "$viewer"
    expect_ctl 0 'roaming' network list --dsn "$viewer"
    expect_ctl 0 'roaming' pool list --dsn "$viewer"
    expect_ctl 5 'there is no network' peer list --network "$hostile" --dsn "$viewer"
    expect_ctl 1 'permission denied' peer disable "$other_key" --dsn "$viewer"
    expect_ctl 1 'permission denied' network set roaming --keepalive 1 --dsn "$viewer"
    expect_ctl 1 'permission denied' network set roaming --roaming no --dsn "$viewer"
    expect_ctl 1 'permission denied' peer set "$other_key" --roaming no --dsn "$viewer"
    expect_ctl 1 'permission denied' peer forget-initiations "$other_key" --dsn "$viewer"
}

run_verdicts() {
    expect_ctl 0 'found: ' explain "$key"
    expect_ctl 0 'other_network: the key belongs to network demo' explain "$key" --network other
    expect_ctl 5 'there is no network' explain "$key" --network "$hostile"
    expect_json "it['session'] is None" explain "$key" --json
    postgres_psql -d "$dsn" -c "SELECT wg_provision.claim_sessions('gw1', 'wg0', 'demo', ARRAY[decode('$key', 'base64')], '{NULL}', '{1000000}')"
    expect_ctl 0 'its latest session is on gateway gw1, interface wg0, since 1970-01-01T00:00:01Z' explain "$key"
    expect_json "it['session']['gateway'] == 'gw1'" explain "$key" --json
    expect_ctl 0 'disabled peer' peer disable "$key"
    expect_ctl 0 'disabled: ' explain "$key"
    expect_ctl 0 'enabled peer' peer enable "$key"
    postgres_psql -d "$dsn" -c "UPDATE wg_provision.peers SET not_before = '2100-01-01 00:00+00' WHERE name = 'laptop'"
    expect_ctl 0 'not_yet_valid: refused before 2100-01-01T00:00:00Z' explain "$key"
    postgres_psql -d "$dsn" -c "UPDATE wg_provision.peers SET not_before = NULL, expires_at = '2001-01-01 00:00+00' WHERE name = 'laptop'"
    expect_json "it['verdict'] == 'expired' and it['peer']['name'] == 'laptop'" explain "$key" --json
    expect_ctl 0 'unknown: no peer has this key' explain "$unknown_key"
    expect_ctl 0 'revoked peer' peer revoke "$key" --reason "$hostile"
    expect_json "it['verdict'] == 'revoked' and it['revocation']['reason'] == \"$hostile\" and it['peer'] is None" \
        explain "$key" --json
    expect_ctl 0 "$hostile" explain "$key"
    expect_ctl 5 'is no peer' peer show "$key"
    expect_ctl 5 'is no peer' peer revoke "$key"
    expect_ctl 5 'is no peer' peer enable "$key"
    expect_ctl 2 'not a WireGuard key' peer revoke "$hostile"
    expect_ctl 2 'not a WireGuard key' explain "$hostile"
    postgres_psql -d "$dsn" -c 'CREATE ROLE without_rights LOGIN'
    expect_ctl 1 'permission denied' peer list --dsn "$dsn user=without_rights"
}

run_init() {
    local fresh roles="SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE pg_has_role(oid, 'wg_provision_daemon', 'MEMBER')
        AND rolcanlogin AND NOT rolsuper"
    fresh="$(postgres_dsn dbname=init)"
    fresh_database init
    expect_ctl 3 'connect to the database' db init --gateway-role gw --dsn 'host=/nonexistent'
    expect_ctl 0 'applied 0001_peers.sql' db init --schema-dir "$checkout/schema" --dsn "$fresh"
    expect_ctl 0 'made role gw "1", which may log in' db init --schema-dir "$checkout/schema" --dsn "$fresh" --gateway-role 'gw "1"'
    expect_ctl 0 'gw "1" is a member of wg_provision_daemon, nothing to do' db init --dsn "$fresh" --gateway-role 'gw "1"'
    expect_ctl 0 "made role $hostile, which" db init --dsn "$fresh" --gateway-role "$hostile"
    postgres_psql -d "$fresh" -c 'CREATE ROLE plain LOGIN' -c 'CREATE ROLE closed'
    expect_ctl 0 'made role plain a member' db init --dsn "$fresh" --gateway-role plain
    expect_ctl 4 'cannot log in' db init --dsn "$fresh" --gateway-role closed
    expect_true 'these may log in' test "$(postgres_psql -d "$fresh" -c "$roles")" = "$hostile gw \"1\" plain"
    expect_true 'a gateway may look up' test "$(psql -XAtqd "$fresh user=plain" -c "SELECT count(*) FROM wg_provision.find_peers_of('{}', '{}')")" = 0
    expect_true 'PUBLIC has no right to the database' test "$(postgres_psql -d "$fresh" -c "
        SELECT has_database_privilege('plain', 'init', 'CONNECT') AND NOT EXISTS (SELECT FROM aclexplode(
        (SELECT datacl FROM pg_database WHERE datname = 'init')) WHERE grantee = 0)")" = t
    postgres_psql -d "$fresh" -c 'CREATE ROLE visitor LOGIN' -c 'CREATE ROLE importer LOGIN IN ROLE wg_provision_onboarding'
    expect_ctl 3 'permission denied for database' network list --dsn "$fresh user=visitor"
    expect_ctl 0 'added network' network add demo --dsn "$fresh"
    expect_ctl 0 '1 added' peer import - --dsn "$fresh user=importer" <<<"network,public_key,allowed_ips
demo,$key,10.0.0.1/32"
    expect_ctl 1 'reserved' db init --dsn "$fresh" --gateway-role pg_gateway
    expect_ctl 2 '1 to 63 bytes' db init --dsn "$fresh" --gateway-role ''
    expect_ctl 2 '1 to 63 bytes' db init --dsn "$fresh" --gateway-role "$(printf 'x%.0s' {1..64})"
}

# What an administrator may have set for the database, each of which would break something.
run_defaults() {
    local good=0 bad=0 dsn setting
    local key='xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
    for setting in "default_transaction_isolation = 'serializable'" "default_transaction_read_only = on" \
        "default_transaction_deferrable = on" "standard_conforming_strings = off" "DateStyle = 'German, DMY'" \
        "IntervalStyle = 'iso_8601'" "bytea_output = 'escape'" "lock_timeout = 1" "statement_timeout = 100" \
        "row_security = off" "array_nulls = off" "transform_null_equals = on" \
        "client_encoding = 'LATIN1'" "check_function_bodies = off" "idle_in_transaction_session_timeout = 1000" \
        "idle_session_timeout = 1000"; do
        fresh_database defaults
        dsn="$(postgres_dsn dbname=defaults)"
        postgres_psql -c "ALTER DATABASE defaults SET $setting"
        expect_ctl 0 'applied 0001_peers.sql' db migrate --schema-dir "$checkout/schema" --dsn "$dsn"
        expect_ctl 0 'added network' network add demo --comment 'naïve' --dsn "$dsn"
        expect_ctl 0 'changed network' network set demo --range '10.0.0.0/8, fd00::/64' --idle-timeout 1h --dsn "$dsn"
        expect_ctl 0 'added peer' peer add x --network demo --public-key "$key" --allowed-ips '10.0.0.1/32, fd00::1/128' \
            --expires-at '2100-02-01 00:00+00' --dsn "$dsn"
        expect_json "it['expires_at'] == '2100-02-01T00:00:00Z' and it['allowed_ips'] == ['10.0.0.1/32', 'fd00::1/128']" \
            peer show "$key" --json --dsn "$dsn"
        expect_json "it[0]['comment'] == 'na\u00efve' and it[0]['idle_timeout_seconds'] == 3600" network list --json --dsn "$dsn"
        expect_ctl 0 'found: ' explain "$key" --dsn "$dsn"
    done
    count defaults "$good" "$bad"
}

# The database is the one that libpq's environment names, so that no case repeats it.
run_administration() {
    local good=0 bad=0 dsn
    local hostile="Robert'); DROP TABLE peers;--" key='xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
    local other_key='TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=' gateway_key='HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw='
    local unknown_key='gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA='
    dsn="$(postgres_dsn dbname=administration)"
    fresh_database administration
    export PGHOST="$postgres_dir" PGUSER=postgres PGDATABASE=administration
    printf 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=\n' >"$work_dir/preshared"
    expect_ctl 1 'is the schema the newest?' network list
    expect_ctl 0 'applied 0001_peers.sql' db migrate --schema-dir "$checkout/schema"
    run_networks
    run_known_keys
    run_new_clients
    run_network_settings
    run_life_rules
    run_pools
    run_onboarding
    run_onboarding_logins
    run_peer_changes
    run_viewer
    run_manifests
    run_verdicts
    run_init
    expect_ctl 0 'complete -o default -F' completion bash
    expect_true 'bash reads the completion' bash -n <("$ctl" completion bash)
    unset PGHOST PGUSER PGDATABASE
    count administration "$good" "$bad"
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

# Two transactions of which the one that began first commits last: a reader that has seen the second must still hear of
# the first.
run_overtaken_commit() {
    local dsn key_a key_b position seen good=0 bad=0
    key_a="$(printf 'a%.0s' {1..64})" key_b="$(printf 'b%.0s' {1..64})"
    fresh_database overtaken schema_template
    dsn="$(postgres_dsn dbname=overtaken)"
    position_of() { postgres_psql -d "$dsn" -c "SELECT next_position FROM wg_provision.changes_after(NULL)"; }
    changed_after() { # POSITION
        postgres_psql -d "$dsn" -c "SELECT string_agg(encode(public_key, 'hex'), ' ' ORDER BY public_key)
            FROM wg_provision.changes_after('$1')"
    }
    add() { printf "INSERT INTO wg_provision.peers (network_id, public_key) VALUES (1, decode('%s', 'hex'));\n" "$1"; }
    expect() { # NAME WANTED GOT
        if [[ "$2" == "$3" ]]; then good=$((good + 1)); return; fi
        printf '%s: wanted "%s", got "%s"\n' "$@" >&2
        bad=$((bad + 1))
    }
    postgres_psql -d "$dsn" -c "INSERT INTO wg_provision.networks (name) VALUES ('demo')"
    position="$(position_of)"

    coproc FIRST { postgres_psql -d "$dsn" 2>&1; }
    printf 'BEGIN;\n%s\n\\echo begun\n' "$(add "$key_a")" >&"${FIRST[1]}"
    read -r -t 30 seen <&"${FIRST[0]}"
    expect "the first is under way" begun "$seen"
    postgres_psql -d "$dsn" -c "$(add "$key_b")"
    expect "the second is told" "$key_b" "$(changed_after "$position")"
    position="$(position_of)"
    printf 'COMMIT;\n\\echo done\n\\q\n' >&"${FIRST[1]}"
    read -r -t 30 seen <&"${FIRST[0]}"
    expect "the first has committed" "done" "$seen"
    wait "$FIRST_PID" 2>/dev/null || true
    expect "and is told, alone" "$key_a" "$(changed_after "$position")"
    count "overtaken commit" "$good" "$bad"
}

# Parts that may run beside each other, each line in a cluster of its own; the long ones first. overtaken_commit has functions
# of its own by the names that concurrency uses, and so comes after it.
readonly groups=(
    "database_test hostile command_line"
    "administration owners"
    "migrations check"
    "defaults cookbook"
    "tap claims"
    "concurrency overtaken_commit"
)

run_parts() { # PART...
    local part begun
    work_dir="$(mktemp -d)"
    chmod 711 "$work_dir"
    : >"$work_dir/empty"
    postgres_start "$work_dir/cluster"
    for part in "$@"; do
        begun=$SECONDS
        "run_$part"
        printf '%s took %d s\n' "$part" "$((SECONDS - begun))"
    done
}

# Three groups at a time, as sessions that wait for each other leave a processor idle; each one's output comes whole, when
# it has ended.
run_groups() {
    local group pid output good bad
    local -A running=()
    work_dir="$(mktemp -d)"
    finish_group() {
        wait -n -p pid "${!running[@]}" || true
        output="${running[$pid]}"
        unset "running[$pid]"
        grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$output" || true
        if ! read -r good bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$output"); then
            good=0 bad=1
            printf 'a part ended without a count\n'
        fi
        passed=$((passed + good))
        failed=$((failed + bad))
    }
    for group in "${groups[@]}"; do
        while ((${#running[@]} >= 3)); do finish_group; done
        # shellcheck disable=SC2086  # a list
        "$here/run.sh" $group >"$work_dir/${group// /_}" 2>&1 </dev/null &
        pids+=($!)
        running[$!]="$work_dir/${group// /_}"
    done
    while ((${#running[@]} > 0)); do finish_group; done
}

main() {
    local program
    for program in "$ctl" "$build/tests/database_test"; do
        [[ -x "$program" ]] || { printf 'database: %s is not built\n' "$program" >&2; exit 2; }
    done
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if (($# > 0)); then run_parts "$@"; else run_groups; fi
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
