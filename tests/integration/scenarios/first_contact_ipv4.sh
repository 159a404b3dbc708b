#!/usr/bin/env bash
# greetings: all
# A client whose key is only in the database pings through a gateway that has no peers.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                                                   wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
check "the gateway starts without peers" peers_are "$GW" "$WGS" 0

client_start
check "the client pings within 3 s, before its own retry" pings "$CL" 10.80.0.1 3
check "the peer is on the device" peers_are "$GW" "$WGS" 1
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
for step in proven found installed connected; do
  check "the log tells that it was $step" test "$(logged " $step " "$CLIENT_KEY")" = 1
done
check "every sighting is accounted for" wait_for 3 all_accounted_for
# What capture saw is handed to the device first, however it is to be greeted.
if reported_by capture; then strategy=resubmit; else strategy=${GREETING/auto/resubmit}; fi
check "it was greeted once, as configured" metric_is "greetings_total{strategy=\"$strategy\"}" 1
check "configured keepalive 0 is in place" \
  test "$(in_ns "$GW" wg show "$WGS" persistent-keepalive | cut -f2)" = off
