#!/usr/bin/env bash
# alone
# Ten thousand random keys that prove themselves, eight thousand of them from made-up addresses,
# while a registered device connects. Every table has its smallest size and no filter of known keys
# stands before them, so that all of them overflow: the daemon's memory stays where it was.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW
#          as itself, and as 198.18.0.0/15
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo \
  <<<"admission: {source-entries: 1024, refused-key-entries: 1024, key-entries: 1024, known-key-filter: false}"
daemon_start "$GW" "$WORK/config.yaml"
client_start

# crowd COUNT RATE [ARGUMENTS...]: in the background, so that it can be waited for and ended.
crowd() {
  background "$WORK/crowd.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" random --count "$1" \
    --rate "$2" --responder "$GATEWAY_KEY" --to 198.51.100.1:51820 "${@:3}"
}
spoofed=$((8000 / PATIENCE))
honest=$((2000 / PATIENCE))
later=$((PATIENCE > 1 ? 3 : 4)) # an emulated machine makes some sixty initiations in a second
spoof=(--source-prefix 198.18.0.0/15 --source-spread "$spoofed")

# No faster than a slow machine proves keys: what its queue drops fills no table behind it.
crowd "$spoofed" "$((PATIENCE > 1 ? 500 : 4000))" "${spoof[@]}"
wait "${PIDS[-1]}"
for table in source_gate refused_keys key_gate replay; do
  check "the table $table overflows" \
    wait_for 3 metric_at_least "table_evictions_total{table=\"$table\"}" 1
done
check "every sighting is accounted for" wait_for 10 all_accounted_for
before=$(resident_kib)

# How much of a flood a source tells differs, and a kernel under load tells only of senders that
# answer its cookies: what arrives is counted at the interface.
arrived() { ip netns exec "$GW" cat /sys/class/net/up1/statistics/rx_packets; }
arrived_at_least() { (($(arrived) >= $1)); }
begun=$(arrived)
crowd "$honest" "$((500 / PATIENCE))"
crowd "$((later * spoofed))" "$((2000 / PATIENCE))" "${spoof[@]}"
check "the flood is under way" wait_for 10 arrived_at_least "$((begun + 100))"
check "a registered device connects within 12 s" pings "$CL" 10.80.0.1 12
check "while it goes on" kill -0 "${PIDS[-1]}"
wait "${PIDS[-1]}" "${PIDS[-2]}"

check "every sighting is accounted for" wait_for 10 all_accounted_for
refute "the daemon has not grown by two megabytes" has_grown 2048 "$before"
check "one sender alone has a budget" metric_at_least 'refusals_total{reason="source_budget"}' 1
check "the device is the only peer" peers_are "$GW" "$WGS" 1
