#!/usr/bin/env bash
# The operators' load generator against a gateway: each kind of initiation moves the counters that it must and no others,
# devices get in by it, under load with the cookies that they are sent, and it sends to nobody else's machine.
#
#   CL   wg-handshake-flood - up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ---------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW
#          as 198.18.0.0/15
source "$(dirname "$0")/../lib.sh"
source "$(dirname "$0")/../crowd.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
register_keys 20 "$WORK/devices.key"
claimed=$(head -n 1 "$WORK/devices.key.public")
# Without the filter, so that strangers get as far as they can.
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {per-address: {rate: 1000/s, burst: 1000}, known-key-filter: false}"
daemon_start "$GW" "$WORK/config.yaml"

# flood KIND [ARGUMENT...]: the report is in $WORK/report. told NAME: a number in it.
tool=("$BUILD_DIR/service/wg-handshake-flood")
flood() {
  run in_net "$CL" "${tool[@]}" "$@" --to 192.0.2.1:51820 --gateway-key "$GATEWAY_KEY" --json >"$WORK/report"
  tail -n 1 "$WORK/report"
}
told() { sed -nE "s/.*\"$1\":([0-9.]+).*/\1/p" "$WORK/report"; }
told_is() { [[ $(told "$1") == "$2" ]]; }
told_at_least() { (($(told "$1") >= $2)); }
# counters: those that a packet can move, and their values. moved: by how much since `counted` was set.
counters() {
  metrics | sed -nE 's/^wg_provisiond_((refusals|peers_connected|lookup_keys|peers_installed|cookie_replies_sent|proofs)_total[^ ]*) /\1 /p' |
    sort -k 1,1
}
moved() { join -a 2 -e 0 -o 0,1.2,2.2 <(printf '%s\n' "$counted") <(counters) | awk '$3 > $2 { printf "%s+%d ", $1, $3 - $2 }'; }
has_moved() { [[ $(moved) == "$1 " ]]; }
# moves NAME WANTED: what has moved since, and nothing else.
moves() { check "$1 moves what it must, and no other counter" wait_for 3 has_moved "$2" || true; say "  $(moved)"; }
refused() { printf 'refusals_total{reason="%s"}+%d' "$1" "$2"; }

counted=$(counters)
flood unknown --packets 20
check "strangers are not answered" told_is unanswered 20
moves unknown "lookup_keys_total+20 proofs_total+20 $(refused unknown_key 20)"

counted=$(counters)
flood forged --claim "$claimed" --packets 20
check "forged ones are not answered" told_is unanswered 20
moves forged "$(refused forged 20)"

counted=$(counters)
flood garbage --packets 20
check "garbage is not answered" told_is unanswered 20
moves garbage "$(refused bad_mac1 8)"

counted=$(counters)
flood replayed --packets 20
check "it was one packet" told_is distinct 1
moves replayed "lookup_keys_total+1 proofs_total+1 $(refused duplicate 19) $(refused unknown_key 1)"

counted=$(counters)
flood valid --keys "$WORK/devices.key" --packets 20
check "every device has a session" told_is handshakes 20
# By capture the device is handed the initiation again, and the daemon sees that, too.
copies=(); if reported_by capture; then copies=("$(refused duplicate 20)"); fi
moves valid "lookup_keys_total+20 peers_connected_total+20 peers_installed_total+20 proofs_total+20${copies[0]:+ ${copies[0]}}"

flood mixed --keys "$WORK/devices.key" --claim "$claimed" --packets 50
for kind in valid unknown forged replayed garbage; do
  check "a fifth of a mixed run is $kind" grep -q "\"$kind\":{\"sent\":10," "$WORK/report"
done
check "every sighting is accounted for" wait_for 5 all_accounted_for

say "bounds"
flood unknown --seconds 0.5 --rate 50 --packets 1000
check "the time ends a run" grep -q '"ended":"time"' "$WORK/report"
check "after what its rate is" told_at_least sent 20
background "$WORK/interrupted" ip netns exec "$CL" "${tool[@]}" unknown --rate 10 --seconds 600 --packets 10000 --json \
  --to 192.0.2.1:51820 --gateway-key "$GATEWAY_KEY"
sleep "$((1 + PATIENCE))"
run kill -INT "${PIDS[-1]}"
wait "${PIDS[-1]}"
check "an interrupted run tells how it went" grep -q '"ended":"interrupted"' "$WORK/interrupted"

say "targets"
elsewhere() { in_net "$CL" "${tool[@]}" unknown --packets 1 --gateway-key "$GATEWAY_KEY" "$@" 2>&1; }
refute "another machine is refused" elsewhere --to 203.0.113.9:51820
refute "a namespace behind a router is refused" elsewhere --to 198.51.100.2:51820
refute "sources that others have are refused" elsewhere --to 192.0.2.1:51820 --source-prefix 8.8.8.0/24
check "the gateway's other address is not" in_net "$CL2" "${tool[@]}" unknown --packets 1 \
  --to 198.51.100.1:51820 --gateway-key "$GATEWAY_KEY"

say "under load"
daemon_stop
in_ns "$GW" wg show "$WGS" peers | while read -r peer; do in_ns "$GW" wg set "$WGS" peer "$peer" remove; done
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {total: {rate: 100/s, burst: 5}, known-key-filter: false}"
daemon_start "$GW" "$WORK/config.yaml"
run "${tool[@]}" unknown --to 198.51.100.1:51820 --gateway-key "$GATEWAY_KEY" --distinct 4000 --save "$WORK/prepared"
background "$WORK/load.log" ip netns exec "$CL2" "${tool[@]}" unknown --load "$WORK/prepared" --to 198.51.100.1:51820 \
  --gateway-key "$GATEWAY_KEY" --rate "$((2000 / PATIENCE))" --seconds 120 --packets 1000000 --source-prefix 198.18.0.0/15
load=${PIDS[-1]}
check "the gateway demands cookies" wait_for 10 metric_at_least cookie_replies_sent_total 100
flood valid --keys "$WORK/devices.key" --packets 20 --rate 20
check "devices that ignore them get no further, but for a moment without load" told_at_least cookies 15
check "and none of them sent one" told_is with_cookie 0
flood valid --keys "$WORK/devices.key" --packets 60 --rate 10 --cookies answer --seconds 20
check "devices that answer them are" told_at_least handshakes 10
check "with mac2" told_at_least with_cookie 10
check "while the load goes on" kill -0 "$load"
end_process "$load"
check "every sighting is accounted for" wait_for 10 all_accounted_for
