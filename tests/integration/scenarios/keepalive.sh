#!/usr/bin/env bash
# greetings: all
# Whatever the greeting did with it, the keepalive that the row asks for is in place afterwards.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_set "$CLIENT_KEY" "keepalive_seconds = 25"
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

client_start
check "the client pings within 3 s" pings "$CL" 10.80.0.1 3
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
keepalive_is() { [[ $(in_ns "$GW" wg show "$WGS" persistent-keepalive | cut -f2) == "$1" ]]; }
check "keepalive 25 is in place" wait_for 1 keepalive_is 25
