#!/usr/bin/env bash
# greetings: all
# A peer with a preshared key: with the wrong one a client is let knock, never connects and is taken
# out again at the deadline; with the right one it connects.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
(umask 077; wg genpsk >"$WORK/right.psk"; wg genpsk >"$WORK/wrong.psk")
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_set "$CLIENT_KEY" "preshared_key = decode('$(<"$WORK/right.psk")', 'base64')"
write_config "$WORK/config.yaml" "$WGS" demo <<<"greet: {deadline: 2s}"
daemon_start "$GW" "$WORK/config.yaml"

client_start 192.0.2.1:51820 preshared-key "$WORK/wrong.psk"
refute "the wrong preshared key gets no reply" pings "$CL" 10.80.0.1 1
check "it is refused as never_connected" wait_for 4 metric_at_least 'refusals_total{reason="never_connected"}' 1
check "and taken off the device" wait_for 1 peers_are "$GW" "$WGS" 0
check "nobody connected" metric_is peers_connected_total 0

redial "$CL" "$WGC" 192.0.2.1:51820 preshared-key "$WORK/right.psk"
check "the right one pings within 3 s" pings "$CL" 10.80.0.1 3
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "the peer is on the device" peers_are "$GW" "$WGS" 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
