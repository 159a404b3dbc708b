#!/usr/bin/env bash
# The daemon dies between any two stages of a peer's life. Started again it needs no repair: the client
# connects at its next try, has its keepalive, is alone on the device and in the database, and leaves
# when its row says so.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

keepalive_is() { [[ $(in_ns "$GW" wg show "$WGS" persistent-keepalive | cut -f2) == "$1" ]]; }
holders() { [[ $(sql "SELECT count(*) FROM wg_provision.sessions" 2>/dev/null) == "$1" ]]; }

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 500ms"
daemon_start "$GW" "$WORK/config.yaml" env WG_PROVISIOND_FAULT=after-lookup
client_start
refute "no reply while the daemon dies" pings "$CL" 10.80.0.1 1
check "the daemon dies" daemon_ends
check "it was killed, not stopped" test "$DAEMON_STATUS" = 137
check "before anything was installed" peers_are "$GW" "$WGS" 0

for stage in after-install after-greeting after-session; do
  daemon_start "$GW" "$WORK/config.yaml" env WG_PROVISIOND_FAULT="$stage"
  redial "$CL" "$WGC" 192.0.2.1:51820
  pings "$CL" 10.80.0.1 8 || true
  check "the daemon dies $stage" daemon_ends
  check "the peer is on the device" peers_are "$GW" "$WGS" 1
  daemon_start "$GW" "$WORK/config.yaml"
  check "the client connects at its next try" pings "$CL" 10.80.0.1 13
  check "the peer is the only one" wait_for 3 metric_is peers 1
  check "and adopted" wait_for 3 metric_is peers_adopted_total 1
  check "with its own keepalive" wait_for 3 keepalive_is off
  check "its session is claimed" wait_for 5 holders 1
  daemon_stop
  run in_ns "$GW" wg set "$WGS" peer "$CLIENT_KEY" remove
done

daemon_start "$GW" "$WORK/config.yaml" env WG_PROVISIOND_FAULT=before-eviction
redial "$CL" "$WGC" 192.0.2.1:51820
check "the client connects once more" pings "$CL" 10.80.0.1 13
peer_set "$CLIENT_KEY" "expires_at = now() + interval '2 seconds'"
check "the daemon dies before it takes the expired peer off" daemon_ends
check "which is still there" peers_are "$GW" "$WGS" 1
daemon_start "$GW" "$WORK/config.yaml"
check "and is taken off by the next one" wait_for 5 peers_are "$GW" "$WGS" 0
