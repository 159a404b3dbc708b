#!/usr/bin/env bash
# Why a device gets in or not, asked of the daemon that runs: what each gate would say of a key, what was said last, and the
# budgets of an address. However often it is asked, nothing is spent by it.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {per-address: {rate: 1/m, burst: 5}}"
daemon_start "$GW" "$WORK/config.yaml"

# field NAME COMMAND...: of the JSON that explain prints, of the first interface; by dots into it.
field() {
  control "${@:2}" --json | python3 -c '
import json, sys
value = json.load(sys.stdin)
value = value[0] if isinstance(value, list) else value
for name in sys.argv[1].split("."):
    value = None if value is None else value[int(name)] if isinstance(value, list) else value[name]
print(value)' "$1"
}
key_field() { field "$1" explain "$CLIENT_KEY" --live; }
key_field_is() { [[ $(key_field "$1") == "$2" ]]; }
source_field() { field "$1" explain --source "${2:-192.0.2.2}"; }

check "a key that has not knocked would be looked up" key_field_is verdict passes
check "nothing was said of it" key_field_is last None
check "the text says so" control_says "^$WGS: a handshake now is looked up in the database" explain "$CLIENT_KEY" --live
before=$(source_field budgets.0.left)
for _ in {1..30}; do control explain --source 192.0.2.2 >/dev/null; done
check "asking spends nothing" test "$(source_field budgets.0.left)" = "$before"
check "it has all of its burst" test "$before" = 5
check "and makes no entry" metric_is 'table_entries{table="source_gate"}' 0
check "nothing has been refused by it" all_accounted_for

say "an unknown key knocks"
client_start
refute "it does not get in" pings "$CL" 10.80.0.1 1
check "its verdict is known" wait_for 5 key_field_is verdict known_refused
check "the negative cache says why" control_says '^refused keys +known_refused +unknown_key +[0-9.]+ s' explain "$CLIENT_KEY" --live
check "and what was said last, and to whom" control_says \
  '^said last +refused as unknown_key, [0-9.]+ s ago, from 192\.0\.2\.2:' explain "$CLIENT_KEY" --live
check "one of its address's budget is spent" test "$(source_field budgets.0.left)" -lt 5
check "no cookie is asked for" test "$(source_field cookie_demanded)" = False

say "it gets a row"
peer_add "$CLIENT_KEY" 10.80.0.2/32
redial "$CL" "$WGC" 192.0.2.1:51820
check "it connects once it has a row" pings "$CL" 10.80.0.1 12
on_device() { control_says "^on the device +live, endpoint 192\.0\.2\.2:" explain "$CLIENT_KEY" --live; }
check "the peer is shown" wait_for 5 on_device
check "the device answers by itself" control_says 'on the device, which answers by itself' explain "$CLIENT_KEY" --live
check "what was done last" control_says '^said last +connected' explain "$CLIENT_KEY" --live

say "an address uses its budget up"
spend() { knock "$CL" random --count 10 >/dev/null; }
spend
is_spent() { [[ $(source_field budgets.0.left) == 0 ]]; }
check "nothing is left" wait_for 5 is_spent
check "so it is asked for a cookie" test "$(source_field cookie_demanded)" = True
check "and it is told how long" test "$(source_field budgets.0.full_in_seconds | cut -d. -f1)" -gt 60
check "with a cookie it passes" test "$(source_field with_cookie)" = passes
check "its neighbour has a budget" test "$(source_field budgets.0.left 192.0.2.3)" = 5

say "what is not understood, and what is not there"
exit_of() { local status=0; "$@" >"$WORK/said" 2>&1 || status=$?; printf '%s' "$status"; }
check "a wrong key is a usage error" test "$(exit_of control explain nonsense --live)" = 2
check "which says what a key is" grep -q '44 characters of base64' "$WORK/said"
check "a wrong address is one, too" test "$(exit_of control explain --source 192.0.2.0/24)" = 2
check "which says what to write" grep -q 'without port and prefix length' "$WORK/said"
check "neither of both is one" test "$(exit_of control explain)" = 2
check "an interface that is not served is not found" \
  test "$(exit_of control explain "$CLIENT_KEY" --live --interface nowhere)" = 5
check "no secret is shown" test "$(control explain "$CLIENT_KEY" --live --json | grep -cF "$(cat "$WORK/gateway.key")")" = 0
check "every sighting is accounted for" wait_for 3 all_accounted_for
daemon_stop
check "without a daemon it is unreachable" test "$(exit_of control explain --source 192.0.2.2)" = 3
