#!/usr/bin/env bash
# Policies of a network and of a peer: where its first packet may come from, and whether it may roam
# afterwards.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0    --- wgs 10.80.0.1  GW
#                     `-- up1 198.51.100.2 ===== 198.51.100.1 up1 -'
source "$(dirname "$0")/../lib.sh"

ELSEWHERE=198.51.100.1:51820

database_start
standard_topology
cable "$GW" up1 198.51.100.1/24 "$CL" up1 198.51.100.2/24
peer_add "$CLIENT_KEY" 10.80.0.2/32
sql "UPDATE wg_provision.networks SET allowed_sources = '{203.0.113.0/24}'"
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 300ms"
daemon_start "$GW" "$WORK/config.yaml"
client_start
refute "outside the network's sources it has no tunnel" pings "$CL" 10.80.0.1 2
check "and the reason is named" wait_for 3 metric_at_least 'refusals_total{reason="source_not_allowed"}' 1

peer_set "$CLIENT_KEY" "allowed_sources = '{192.0.2.0/24}', roaming = false"
check "its own sources count more" pings "$CL" 10.80.0.1 12
check "where it is, it stays" pings "$CL" 10.80.0.1 3

# The session goes on from another address: the device follows the packets, the policy does not.
run in_ns "$CL" wg set "$WGC" peer "$GATEWAY_KEY" endpoint "$ELSEWHERE"
pings "$CL" 10.80.0.1 1 || true
check "a peer that may not roam is taken off" wait_for 5 metric_at_least 'evictions_total{reason="roamed"}' 1
redial "$CL" "$WGC" "$ELSEWHERE"
refute "from there it is not let in again" pings "$CL" 10.80.0.1 2
redial "$CL" "$WGC" 192.0.2.1:51820
check "from where it may be it is" pings "$CL" 10.80.0.1 12

peer_set "$CLIENT_KEY" "roaming = true"
sleep 1
run in_ns "$CL" wg set "$WGC" peer "$GATEWAY_KEY" endpoint "$ELSEWHERE"
check "a peer that may roam is served there" pings "$CL" 10.80.0.1 8
sleep 1
check "and stays" peers_are "$GW" "$WGS" 1
