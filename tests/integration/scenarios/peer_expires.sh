#!/usr/bin/env bash
# A row that is valid until a date: when it comes the peer leaves the device, though nobody knocks and
# nothing in the database changes; with a new date it is let in again.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 500ms"
peer_set "$CLIENT_KEY" "expires_at = now() + interval '$((6 * PATIENCE)) seconds'"
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
check "it leaves at its date" wait_for 8 metric_is 'evictions_total{reason="expired"}' 1
check "nobody is on the device" peers_are "$GW" "$WGS" 0
refute "it has no tunnel" pings "$CL" 10.80.0.1 1
peer_set "$CLIENT_KEY" "expires_at = now() + interval '1 hour'"
# The client keeps its session for as long as it gets no answer for 15 s.
check "with another date it is let in" pings "$CL" 10.80.0.1 30
