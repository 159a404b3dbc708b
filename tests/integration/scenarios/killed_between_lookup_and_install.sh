#!/usr/bin/env bash
# The daemon dies the moment before it installs a peer, and once more the moment after. Started
# again, it needs no repair: the client connects at its next try, with the right keepalive.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml" env WG_PROVISIOND_FAULT=after-lookup
client_start
refute "no reply while the daemon dies" pings "$CL" 10.80.0.1 1
check "the daemon dies" daemon_ends
check "it was killed, not stopped" test "$DAEMON_STATUS" = 137
check "before anything was installed" peers_are "$GW" "$WGS" 0

daemon_start "$GW" "$WORK/config.yaml" env WG_PROVISIOND_FAULT=after-install
in_ns "$CL" ping -q -c 1 -w "$((8 * PATIENCE))" 10.80.0.1 >/dev/null || true
check "the daemon dies again, after the install" daemon_ends
check "the peer is on the device" peers_are "$GW" "$WGS" 1

daemon_start "$GW" "$WORK/config.yaml"
check "the client connects at its next try" pings "$CL" 10.80.0.1 8
check "the peer is still the only one" wait_for 3 metric_is peers 1
