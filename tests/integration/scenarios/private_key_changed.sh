#!/usr/bin/env bash
# The interface's private key changes while the daemon runs: who knocks with the old public key is
# no longer understood, who was told the new one connects.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

new_key=$(key_pair new_gateway)
run ip netns exec "$GW" wg set "$WGS" private-key "$WORK/new_gateway.key"
check "the daemon follows the change" wait_for 6 has_logged ' private key changed ' "$new_key"
client_start
refute "a client with the old key gets no reply" pings "$CL" 10.80.0.1 1
if told_by_kernel; then
  check "its mac1 is not for this key: the kernel tells nobody" sightings_are 0
else
  check "its mac1 is not for this key" metric_at_least 'refusals_total{reason="bad_mac1"}' 1
fi

run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
GATEWAY_KEY=$new_key
dial "$CL" "$WGC" 192.0.2.1:51820
check "with the new key it connects" pings "$CL" 10.80.0.1 13
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
