#!/usr/bin/env bash
# The daemon is stopped and started again under a running ping: no packet is lost, and the peer is
# adopted as it is.
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
check "the client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1

# What the peer is, without what traffic changes.
peer_now() { in_ns "$GW" wg show "$WGS" dump | tail -n +2 | cut -f1-5,8; }
before=$(peer_now)
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.05 -c "$((60 * PATIENCE))" 10.80.0.1
daemon_stop
check "the daemon ends in order" test "$DAEMON_STATUS" = 0
check "the peer stays" peers_are "$GW" "$WGS" 1
daemon_start "$GW" "$WORK/config.yaml"
check "the peer is counted" wait_for 2 metric_is peers 1
wait "${PIDS[-2]}" || true
check "no packet is lost" grep -q ' 0% packet loss' "$WORK/ping.log"
check "the peer is as it was" test "$(peer_now)" = "$before"
check "nothing was installed anew" metric_is peers_installed_total 0
