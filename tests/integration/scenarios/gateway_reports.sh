#!/usr/bin/env bash
# What a gateway serves and who has a session there stands in the database.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

is_reported() { # STATEMENT WANTED
  [[ $(sql "$1" 2>/dev/null) == "$2" ]]
}

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<'gateway: gw1'
daemon_start "$GW" "$WORK/config.yaml"
check "the interface is reported, with its key" wait_for 10 is_reported \
  "SELECT gateway, interface, network, public_key, is_alive FROM wg_provision.gateway_list" \
  "gw1|$WGS|demo|$GATEWAY_KEY|t"
check "nobody is active" is_reported "SELECT count(*) FROM wg_provision.active_peers" 0

client_start
check "the client pings" pings "$CL" 10.80.0.1 8
daemon_stop
daemon_start "$GW" "$WORK/config.yaml"
check "its session is reported" wait_for 10 is_reported \
  "SELECT public_key, gateway, interface, host(address), received_bytes > 0 FROM wg_provision.active_peers" \
  "$CLIENT_KEY|gw1|$WGS|192.0.2.2|t"
check "and when the peer was seen last" is_reported \
  "SELECT last_seen > now() - interval '1 minute' FROM wg_provision.peer_list" t
sql "DELETE FROM wg_provision.peers" >/dev/null
check "a peer that is gone is not active" is_reported "SELECT count(*) FROM wg_provision.active_peers" 0
