#!/usr/bin/env bash
# Two interfaces for one network, with one key and two ports: a peer goes from one to the other and back, and the route to
# what lies behind it goes with it at once. Nobody calls it somebody else's.
#
#   CL  lo 198.51.100.1
#       wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 --- wgs 10.80.0.1, port 51820   GW
#                                                        `--- wgt 10.80.0.1, port 443
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
WGT=wt$TAG
wg_interface "$GW" "$WGT" "$WORK/gateway.key" 443 10.80.0.1/32
run ip -n "$GW" address del 10.80.0.1/16 dev "$WGS"
run ip -n "$GW" address add 10.80.0.1/32 dev "$WGS"
peer_add "$CLIENT_KEY" 10.80.0.2/32,198.51.100.0/24
write_config "$WORK/config.yaml" "$WGS" demo "$WGT" demo <<<"watch: {interval: 60s}"
sed -i 's/greeting: /routes: true, greeting: /' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
check "the daemon listens" wait_for 5 metric_is change_feed_up 1

# held_at INTERFACE: the database knows that its session is there.
held_at() { [[ $(sql 'SELECT interface FROM wg_provision.sessions' 2>/dev/null) == "$1" ]]; }
# route_leads_to INTERFACE: and to it alone.
route_leads_to() { [[ $(ip -n "$GW" route show 198.51.100.0/24 proto 151) == *" dev $1 "* ]]; }

client_start
run ip -n "$CL" address add 198.51.100.1/32 dev lo
check "at the first it connects" pings "$CL" 10.80.0.1 8
check "its network has a route there" wait_for 1 route_leads_to "$WGS"
check "the database knows" wait_for 3 held_at "$WGS"
# The interface that it has left drops it when the database tells of its new session; until then it is known on both.
for to in "$WGT 443 $WGS" "$WGS 51820 $WGT" "$WGT 443 $WGS"; do
  read -r interface port left <<<"$to"
  redial "$CL" "$WGC" "192.0.2.1:$port"
  check "at port $port it connects" pings "$CL" 10.80.0.1 12
  check "the route is there" wait_for 1 route_leads_to "$interface"
  check "the database knows" wait_for 3 held_at "$interface"
  check "the other interface drops it" wait_for 5 peers_are "$GW" "$left" 0
  check "what is behind it answers" pings "$GW" 198.51.100.1 2
done
refute "nobody else's route is in the way" has_logged ' in the way'
check "no route failed" metric_is route_errors_total 0

sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY')" >/dev/null
check "with the peer the route goes" wait_for 3 eval '! route_leads_to "$WGT" && ! route_leads_to "$WGS"'
