#!/usr/bin/env bash
# The gateway's interface is renamed and gets its name back, is moved to another namespace and back, is
# deleted and made again: the same daemon notices each, says it once, and serves it again. The peer of
# an interface that was only away is still on it, and adopted.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                                                   `- for a while in AWAY
source "$(dirname "$0")/../lib.sh"

# is_away NUMBER: the daemon has missed the interface as often, and has no peers.
is_away() { (($(logged ' interface gone, ') == $1)) && metric_is peers 0; }
# is_back NUMBER: it serves it once more than it has missed it.
is_back() { (($(logged ' serving interface ') == $1 + 1)); }
warnings() { logged " (warning|error) "; }
link() { run ip -n "$GW" link "$@"; }
up_again() {
  link set "$WGS" up
  ip -n "$GW" address show dev "$WGS" | grep -F 10.80.0.1/16 >/dev/null ||
    run ip -n "$GW" address add 10.80.0.1/16 dev "$WGS"
}

database_start
standard_topology
namespace AWAY away
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 300ms"
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
before=$(warnings)

link set "$WGS" down
link set "$WGS" name other
check "renamed: the daemon misses it" wait_for 3 is_away 1
sleep 1.5
check "and says so once" test "$(warnings)" -le $((before + 2))
link set other name "$WGS"
up_again
check "with its name again it is served again" wait_for 3 is_back 1
check "its peer is adopted" wait_for 5 metric_is peers_adopted_total 1
redial "$CL" "$WGC" 192.0.2.1:51820
check "the client has its tunnel" pings "$CL" 10.80.0.1 8

link set "$WGS" netns "$AWAY"
check "moved to another namespace: the daemon misses it" wait_for 3 is_away 2
run ip -n "$AWAY" link set "$WGS" netns "$GW"
up_again
check "back, it is served again" wait_for 3 is_back 2
check "its peer is adopted again" wait_for 5 metric_is peers_adopted_total 2
redial "$CL" "$WGC" 192.0.2.1:51820
check "the client has its tunnel again" pings "$CL" 10.80.0.1 13
check "nobody was installed twice" metric_is peers_installed_total 1

wg_interface_delete "$GW" "$WGS"
check "deleted: the daemon misses it" wait_for 3 is_away 3
wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16
check "made again, it is served again" wait_for 3 is_back 3
check "without peers" peers_are "$GW" "$WGS" 0

redial "$CL" "$WGC" 192.0.2.1:51820
check "the client connects again" pings "$CL" 10.80.0.1 13
check "the same process served all of them" test "$(logged ' ready ')" = 1
check "both tunnels are counted" wait_for 3 metric_is peers_connected_total 2
