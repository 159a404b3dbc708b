#!/usr/bin/env bash
# greetings: all
# A gateway with two addresses is knocked on at the second. Whichever address the answer comes from,
# the client accepts it and the tunnel comes up at its first packet.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1, 192.0.2.7 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
run ip -n "$GW" address add 192.0.2.7/24 dev up0
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

client_start 192.0.2.7:51820
check "the client pings within 3 s" pings "$CL" 10.80.0.1 3
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
say "knocked at 192.0.2.7:51820; the client now talks to" \
  "$(in_ns "$CL" wg show "$WGC" endpoints | cut -f2)"
