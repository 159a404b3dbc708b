#!/usr/bin/env bash
# With `routes: true` a row decides what a peer has, and must not decide where the gateway's own packets go: no route
# outside route-within, none over the database, a next hop, another interface's subnet or a peer's endpoint, and none for
# loopback and link-local addresses. What is refused is named and counted; the tunnel is up without it.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 --- wgs 10.80.0.1/16  GW  up1 10.70.0.1/24
#                                            default via 10.70.0.254, the database at 10.60.0.5
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32,10.90.0.0/24
run ip -n "$GW" link add up1 type veth peer name up1p
run ip -n "$GW" link set up1p up
run ip -n "$GW" address add 10.70.0.1/24 dev up1
run ip -n "$GW" link set up1 up
run ip -n "$GW" address add 10.60.0.5/32 dev lo
run ip -n "$GW" route add default via 10.70.0.254
run ip -n "$GW" route add 198.18.0.0/24 via 10.99.0.1 dev up1 onlink
# The first host is not there; the second one is the database.
DAEMON_DSN="host=10.61.0.5,$postgres_dir port=5432,5432 user=daemon_login dbname=fleet sslmode=disable connect_timeout=2"
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch: {interval: 1s}"
sed -i "s,name: $WGS\,,&  routes: true\, route-within: [\"10.0.0.0/8\"\, \"169.254.0.0/16\"]\,," "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
has_route() { [[ -n $(ip -n "$GW" route show "$1" dev "$WGS" proto 151) ]]; }
check "what is inside route-within has a route" wait_for 3 has_route 10.90.0.0/24

# refuses PREFIX REASON: added to the peer's row, it is left out, named and counted.
refuses() {
  local before; before=$(metric routes_refused_total)
  sql "INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix, outside_ranges)
    SELECT id, network_id, '$1', true FROM wg_provision.peers" >/dev/null
  check "$1 is refused" wait_for 4 has_logged " route refused .*prefix=$1 .*$2"
  check "it is counted" wait_for 2 metric_at_least routes_refused_total $((before + 1))
  check "it has no route" eval "! has_route $1"
  sql "DELETE FROM wg_provision.allowed_ips WHERE prefix = '$1'" >/dev/null
}
refuses 198.51.100.0/24 "not inside route-within"
refuses 169.254.169.254/32 "link-local"
refuses 10.61.0.5/32 "address of the database"
refuses 10.61.0.0/16 "address of the database"
refuses 10.99.0.0/24 "next hop"
refuses 10.70.0.128/25 "subnet of another interface"
refuses 10.64.0.0/12 "subnet of another interface"
check "the tunnel is up" pings "$CL" 10.80.0.1 3
check "and the route of before is there" has_route 10.90.0.0/24
