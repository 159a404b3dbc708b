#!/usr/bin/env bash
# The gateway's interface is deleted and made again: the same daemon notices both and serves it.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 3
check "one peer connected" wait_for 3 metric_is connected_total 1

wg_interface_delete "$GW" "$WGS"
check "the daemon misses the interface" wait_for 3 has_logged ' interface gone, '
check "and counts no peers" wait_for 3 metric_is peers 0
wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16
check "made again, it is served again" wait_for 3 log_grows ' serving interface ' 1
check "without peers" peers_are "$GW" "$WGS" 0

redial "$CL" "$WGC" 192.0.2.1:51820
check "the client connects again" pings "$CL" 10.80.0.1 3
check "the same process served both" test "$(logged ' ready ')" = 1
check "both tunnels are counted" wait_for 3 metric_is connected_total 2
