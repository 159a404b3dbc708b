#!/usr/bin/env bash
# Peers that are on the device when the daemon starts: those with a row are adopted, whatever was done
# to them meanwhile is made good; others are left alone, or taken off where the interface is
# exclusive. What somebody does with `wg` while the daemon runs is noticed.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

allowed_ips_are() { # KEY PREFIXES
  [[ $(in_ns "$GW" wg show "$WGS" allowed-ips | grep -F "$1" | cut -f2) == "$2" ]]
}
on_device() { in_ns "$GW" wg show "$WGS" peers | grep -F "$1" >/dev/null; }

database_start
standard_topology
ROWLESS_KEY=$(key_pair rowless)
REVOKED_KEY=$(key_pair revoked)
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$REVOKED_KEY" 10.80.0.4/32
sql "SELECT wg_provision.revoke_peer('$REVOKED_KEY')" >/dev/null
write_config "$WORK/config.yaml" "$WGS" demo <<<"  poll-interval: 500ms
watch:
  interval: 500ms"
run in_ns "$GW" wg set "$WGS" peer "$CLIENT_KEY" allowed-ips 10.80.0.99/32
run in_ns "$GW" wg set "$WGS" peer "$ROWLESS_KEY" allowed-ips 10.80.0.3/32
run in_ns "$GW" wg set "$WGS" peer "$REVOKED_KEY" allowed-ips 10.80.0.4/32

daemon_start "$GW" "$WORK/config.yaml"
check "the one with a row is adopted" wait_for 5 metric_is peers_adopted_total 1
check "and gets its own addresses" wait_for 2 allowed_ips_are "$CLIENT_KEY" 10.80.0.2/32
check "the revoked one is taken off" wait_for 2 metric_is peers_removed_total 1
refute "it is not there any more" on_device "$REVOKED_KEY"
check "the one without a row stays" wait_for 2 metric_is foreign_peers 1
check "as it was" allowed_ips_are "$ROWLESS_KEY" 10.80.0.3/32
client_start
check "the adopted one connects" pings "$CL" 10.80.0.1 8

run in_ns "$GW" wg set "$WGS" peer "$CLIENT_KEY" allowed-ips 10.80.0.77/32 persistent-keepalive 77
check "addresses changed by hand are put right" wait_for 5 allowed_ips_are "$CLIENT_KEY" 10.80.0.2/32
keepalives() { in_ns "$GW" wg show "$WGS" persistent-keepalive; }
check "a keepalive set by hand, too" wait_for 2 eval '! keepalives | grep -w 77 >/dev/null'
run in_ns "$GW" wg set "$WGS" peer "$CLIENT_KEY" remove
check "a peer removed by hand is forgotten" wait_for 5 metric_is peers 1
check "and let in again at its next handshake" pings "$CL" 10.80.0.1 200

sed -i "s/network: demo,/network: demo, exclusive: true,/" "$WORK/config.yaml"
daemon_stop
daemon_start "$GW" "$WORK/config.yaml"
check "an exclusive interface has no foreign peer" wait_for 5 metric_is 'evictions_total{reason="foreign"}' 1
refute "it is off the device" on_device "$ROWLESS_KEY"
check "the adopted one stays" on_device "$CLIENT_KEY"
