#!/usr/bin/env bash
# alone
# A flood of key pairs that nobody has registered, from made-up addresses: each proves itself, and the database is asked about
# no more of them than the second chances allow. A device that was registered before connects meanwhile, and so does one that
# is registered while the flood goes on.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ===== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 == 198.51.100.1 up1 --- wgs 10.80.0.1  GW
#   CL3  knock ----------- up0 203.0.113.2 === 203.0.113.1 up2 -----'
#          as 198.18.0.0/15
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
namespace CL3 cl3
cable "$GW" up2 203.0.113.1/24 "$CL3" up0 203.0.113.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 203.0.113.2
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo \
  <<<"admission: {second-chances: {rate: 5/s, burst: 5}, second-chances-per-prefix: {rate: 1/s, burst: 2}}"
daemon_start "$GW" "$WORK/config.yaml"
check "the keys of the network are known" wait_for 5 metric_is known_keys_interfaces 1
check "all of them" metric_is known_keys 1

count=$((6000 / PATIENCE))
rate=$((600 / PATIENCE))
begun=$SECONDS
before=$(metric lookup_keys_total)
background "$WORK/flood.log" ip netns exec "$CL3" "$BUILD_DIR/tests/knock" random --count "$count" --rate "$rate" \
  --responder "$GATEWAY_KEY" --to 203.0.113.1:51820 --source-prefix 198.18.0.0/15 --source-spread 6000
flood=${PIDS[-1]}
check "strangers end at the filter" wait_for 5 metric_at_least 'refusals_total{reason="not_in_filter"}' 100
client_start
check "a device that was registered before connects" pings "$CL" 10.80.0.1 6
peer_add "$CLIENT2_KEY" 10.80.0.3/32
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "one that is registered meanwhile connects too" pings "$CL2" 10.80.0.1 6
check "while the flood goes on" kill -0 "$flood"
wait "$flood"

# Beside the second chances there are the two devices, which are looked up again when their rows change.
budget() { printf '%s\n' "$((5 * (SECONDS - begun + 1) + 5 + 10))"; }
asked() { printf '%s\n' "$(($(metric lookup_keys_total) - before))"; }
stays_within_budget() { say "$(asked) keys asked for, $(budget) allowed" && (($(asked) <= $(budget))); }
check "the database is asked about no more strangers than the second chances allow" stays_within_budget
check "each second chance is counted" metric_at_least second_chances_total 5
check "every sighting is accounted for" wait_for 10 all_accounted_for
check "the devices are the only peers" peers_are "$GW" "$WGS" 2
