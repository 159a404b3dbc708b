#!/usr/bin/env bash
# slow
# A client that is quiet for the idle timeout of its network leaves the device; its next packet brings it
# back at once. One that keeps its tunnel alive stays: it has a new handshake when the session of three
# minutes has ended, at the latest.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
sql "UPDATE wg_provision.networks SET idle_timeout = '210 seconds'"
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 1s"
daemon_start "$GW" "$WORK/config.yaml"
client_start
dial "$CL2" "$WGC2" 198.51.100.1:51820 persistent-keepalive 25
check "both connect" pings "$CL" 10.80.0.1 8
check "both connect, the other one" pings "$CL2" 10.80.0.1 8
connected=$SECONDS
check "it leaves when it has been idle for long enough" wait_for 240 metric_at_least 'evictions_total{reason="idle"}' 1
check "not earlier" test $((SECONDS - connected)) -ge 207
check "one is left" peers_are "$GW" "$WGS" 1
check "that keeps its tunnel alive" pings "$CL2" 10.80.0.1 1
# The client still has its old session and starts a new one with its first packet (REKEY_AFTER_TIME).
check "the other is back with its next packet" pings "$CL" 10.80.0.1 8
check "which is counted" metric_is premature_evictions_total 1
check "nobody else left" metric_is peers_removed_total 1
