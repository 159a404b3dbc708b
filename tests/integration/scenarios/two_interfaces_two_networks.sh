#!/usr/bin/env bash
# Two interfaces, two networks: each serves its own keys and nobody else's. A key that knocks at the
# other network's interface is refused there as other_network, and still gets into its own.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ---- :51820 wgs 10.80.0.1 (demo)  GW
#   CL2  wgd 10.81.0.2 --- up0 198.51.100.2 ==== 198.51.100.1 -- :51821 wgt 10.81.0.1 (blue)  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
run ip -n "$CL2" address add 10.81.0.2/16 dev "$WGC2"
WGT="wt$TAG"
blue_key=$(key_pair blue)
wg_interface "$GW" "$WGT" "$WORK/blue.key" 51821 10.81.0.1/16
sql "INSERT INTO wg_provision.networks (name) VALUES ('blue')"
peer_add "$CLIENT_KEY" 10.80.0.2/32 demo
peer_add "$CLIENT2_KEY" 10.81.0.2/32 blue
write_config "$WORK/config.yaml" "$WGS" demo "$WGT" blue </dev/null
daemon_start "$GW" "$WORK/config.yaml"
check "both interfaces are served" wait_for 3 log_grows ' serving interface ' 1

KNOCK_AT=192.0.2.1:51821 GATEWAY_KEY=$blue_key knock "$CL" key --private-key-file "$WORK/client.key"
check "demo's key is refused at blue's interface" \
  wait_for 2 has_logged " reason=other_network interface=$WGT " "$CLIENT_KEY"
KNOCK_AT=198.51.100.1:51820 knock "$CL2" key --private-key-file "$WORK/client2.key"
check "blue's key is refused at demo's interface" \
  wait_for 2 has_logged " reason=other_network interface=$WGS " "$CLIENT2_KEY"
check "nothing was installed" metric_is peers_installed_total 0

client_start
run ip netns exec "$CL2" wg set "$WGC2" peer "$blue_key" endpoint 198.51.100.1:51821 \
  allowed-ips 10.81.0.1/32
check "demo's client connects to demo" pings "$CL" 10.80.0.1 8
check "blue's client connects to blue" pings "$CL2" 10.81.0.1 8
check "demo's interface has demo's key" test "$(in_ns "$GW" wg show "$WGS" peers)" = "$CLIENT_KEY"
check "blue's interface has blue's key" test "$(in_ns "$GW" wg show "$WGT" peers)" = "$CLIENT2_KEY"
check "every sighting is accounted for" wait_for 3 all_accounted_for
