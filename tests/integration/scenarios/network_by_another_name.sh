#!/usr/bin/env bash
# The settings name a network that the database does not have: the gateway says so, and nobody is taken off for it. Once it
# is there it is served; renamed under a live gateway it is the same network, to peers on the device and to new ones.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

holder_is() { [[ $(sql "SELECT count(*) FROM wg_provision.sessions WHERE claimed_at > '$2' AND gateway = '$1'" 2>/dev/null) == 1 ]]; }

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<$'  poll-interval: 500ms\ngateway: gw1'
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
refute "nothing is said of the network" has_logged 'warning .*network'
check "which is found" control_says " yes$" status
daemon_stop

sed -i 's/network: demo/network: dmeo/' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
check "a mistake is no ready in silence" has_logged "warning the database has no such network, .*network=dmeo "
check "status shows it" control_says " dmeo .* no$" status
sleep 2
check "the peer is still there" peers_are "$GW" "$WGS" 1
check "and has its tunnel" pings "$CL" 10.80.0.1 3

sql "UPDATE wg_provision.networks SET name = 'dmeo'" >/dev/null
check "the network is found when it is there" wait_for 5 has_logged ' network found .*network=dmeo'
check "and the peer adopted" wait_for 3 metric_is peers_adopted_total 1

sql "UPDATE wg_provision.networks SET name = 'third'" >/dev/null
check "another name is noticed" wait_for 5 has_logged 'warning network has another name now, .*name=third'
check "and shown" control_says " third .* yes$" status
sleep 1
check "nobody is taken off" peers_are "$GW" "$WGS" 1
since=$(sql "SELECT now()")
sql "UPDATE wg_provision.peers SET enabled = false" >/dev/null
check "changes are heard under the new name" wait_for 3 peers_are "$GW" "$WGS" 0
sql "UPDATE wg_provision.peers SET enabled = true" >/dev/null
redial "$CL" "$WGC" 192.0.2.1:51820
check "who knocks is let in under it" pings "$CL" 10.80.0.1 13
check "and its session claimed" wait_for 5 holder_is gw1 "$since"
