#!/usr/bin/env bash
# What lies behind a peer, beyond the interface's subnets, can be reached as long as the peer is there:
# its route comes with the tunnel and goes with the peer. Routes of others are left alone and named. A
# restart keeps the routes and puts right what changed meanwhile.
#
#   CL  lo 198.51.100.1 2001:db8:5::1
#       wgc 10.80.0.2 fd80::2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 --- wgs 10.80.0.1/16 fd80::1/64  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32,fd80::2/128,198.51.100.0/24,2001:db8:5::/48
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch: {interval: 1s}"
sed -i "s/name: $WGS,/&  routes: true,/" "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
check "the daemon listens" wait_for 5 metric_is change_feed_up 1

# our_routes: how many the daemon has made. has_route PREFIX, is_foreign PREFIX, metric_grows NAME SINCE.
our_routes() { for f in -4 -6; do ip -n "$GW" "$f" route show proto 151; done | wc -l; }
our_routes_are() { (($(our_routes) == $1)); }
family_of() { if [[ $1 == *:* ]]; then echo -6; else echo -4; fi; }
has_route() { [[ -n $(ip -n "$GW" "$(family_of "$1")" route show "$1" dev "$WGS" proto 151) ]]; }
is_foreign() { [[ $(ip -n "$GW" route show "$1") == "$1 via "* ]]; }
metric_grows() { (($(metric "$1") > $2)); }

check "without peers there is no route" our_routes_are 0
client_start
run ip -n "$CL" address add 198.51.100.1/32 dev lo
run ip -n "$CL" address add 2001:db8:5::1/128 dev lo
check "the client connects" pings "$CL" 10.80.0.1 8
check "its networks have routes" our_routes_are 2
check "one for IPv4" has_route 198.51.100.0/24
check "one for IPv6" has_route 2001:db8:5::/48
check "they are counted" wait_for 2 metric_is routes 2
check "what is behind the client answers" pings "$GW" 198.51.100.1 2
check "over IPv6 too" pings "$GW" 2001:db8:5::1 2

sql "INSERT INTO wg_provision.allowed_ips SELECT id, network_id, '203.0.113.0/24' FROM wg_provision.peers" >/dev/null
check "a prefix that is added gets a route" wait_for 2 has_route 203.0.113.0/24
run ip -n "$GW" route delete 203.0.113.0/24 dev "$WGS"
check "taken away by hand, it is back after a pass" wait_for 4 has_route 203.0.113.0/24
sql "DELETE FROM wg_provision.allowed_ips WHERE prefix = '203.0.113.0/24'"
check "a prefix that is taken away loses it" wait_for 2 our_routes_are 2

run ip -n "$GW" link set "$WGS" down
check "with the link down there are none" wait_for 2 our_routes_are 0
run ip -n "$GW" link set "$WGS" up
run ip -n "$GW" address replace fd80::1/64 dev "$WGS"
check "up again, they are back" wait_for 4 our_routes_are 2

say "somebody else has the next prefix already"
run ip -n "$GW" route add 203.0.113.0/24 via 192.0.2.2
run ip -n "$GW" -6 route add 2001:db8:7::/48 via 2001:db8::2
sql "INSERT INTO wg_provision.allowed_ips SELECT id, network_id, unnest('{203.0.113.0/24,2001:db8:7::/48}'::cidr[])
  FROM wg_provision.peers" >/dev/null
check "it is named" wait_for 3 has_logged ' route of somebody else in the way, .*prefix=203.0.113.0/24'
check "over IPv6 too" wait_for 3 has_logged ' route of somebody else in the way, .*prefix=2001:db8:7::/48'
check "and counted" wait_for 2 metric_at_least route_errors_total 2
errors=$(metric route_errors_total)
check "it is tried again at every pass" wait_for 4 metric_grows route_errors_total "$errors"
check "and named once" test "$(logged 'route of somebody else')" = 2
check "the other's route stays" is_foreign 203.0.113.0/24
run ip -n "$GW" route delete 203.0.113.0/24 via 192.0.2.2
check "when it is gone, the peer's comes" wait_for 4 has_route 203.0.113.0/24

say "peers and routes that the daemon has not made"
foreign_key=$(wg genkey | wg pubkey)
run ip netns exec "$GW" wg set "$WGS" peer "$foreign_key" allowed-ips 198.18.0.0/24
run ip -n "$GW" route add 198.18.1.0/24 dev "$WGS"

run daemon_stop
check "stopped, it leaves its routes" our_routes_are 3
run ip -n "$GW" route delete 198.51.100.0/24 dev "$WGS"
run ip -n "$GW" route add 198.18.2.0/24 dev "$WGS" proto 151 # of a peer that is gone meanwhile
daemon_start "$GW" "$WORK/config.yaml"
check "started again, what is missing comes back" wait_for 5 has_route 198.51.100.0/24
check "what has no peer goes" wait_for 5 our_routes_are 3
check "a peer set by hand gets none" eval '! has_route 198.18.0.0/24'
check "a route set by hand stays" test -n "$(ip -n "$GW" route show 198.18.1.0/24 dev "$WGS")"
check "what is behind the client answers again" pings "$GW" 198.51.100.1 10

sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test')" >/dev/null
check "a revoked peer's routes are gone" wait_for 2 our_routes_are 0
check "over IPv6 the other's route stays" \
  test -n "$(ip -n "$GW" -6 route show 2001:db8:7::/48 via 2001:db8::2)"
check "they are counted no more" wait_for 2 metric_is routes 0
check "every sighting is accounted for" wait_for 3 all_accounted_for
