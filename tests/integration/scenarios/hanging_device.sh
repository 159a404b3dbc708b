#!/usr/bin/env bash
# One of two devices hangs for some seconds. It delays itself alone: the other interface lets its devices in meanwhile, and
# the loop answers. Its own peers stay, and go on when it does.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ---- :51820 wgs 10.80.0.1 (demo)  GW
#   CL2  wgd 10.81.0.2 --- up0 198.51.100.2 ==== 198.51.100.1 -- :51821 wgt 10.81.0.1 (blue)  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
device=${DEVICE_PIDS[$WGS]}
second_client
run ip -n "$CL2" address add 10.81.0.2/16 dev "$WGC2"
WGT="wt$TAG"
blue_key=$(key_pair blue)
wg_interface "$GW" "$WGT" "$WORK/blue.key" 51821 10.81.0.1/16
sql "INSERT INTO wg_provision.networks (name) VALUES ('blue')"
peer_add "$CLIENT_KEY" 10.80.0.2/32 demo
peer_add "$CLIENT2_KEY" 10.81.0.2/32 blue
write_config "$WORK/config.yaml" "$WGS" demo "$WGT" blue </dev/null
daemon_start "$GW" "$WORK/config.yaml"
check "both interfaces are served" wait_for 3 log_grows ' serving interface ' 1
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "the daemon has seen it" wait_for 3 metric_is peers_connected_total 1

run kill -STOP "$device"
check "the daemon notices" wait_for 6 has_logged 'does not answer'
run ip netns exec "$CL2" wg set "$WGC2" peer "$blue_key" endpoint 198.51.100.1:51821 allowed-ips 10.81.0.1/32
started=$SECONDS
check "the other interface lets its client in" pings "$CL2" 10.81.0.1 8
check "without delay" test "$((SECONDS - started))" -le "$((3 * PATIENCE))"
check "the loop answers" control_says "^$WGS " status
sleep "$((2 * PATIENCE))" # two more looks, each of which gives up after two seconds
refute "the device is not declared gone" has_logged 'interface gone'
run kill -CONT "$device"

check "it answers again" wait_for 6 has_logged 'answers again'
check "its peer is there" peers_are "$GW" "$WGS" 1
check "the tunnel goes on" pings "$CL" 10.80.0.1 3
check "each peer was installed once" metric_is peers_installed_total 2
check "none was found anew" metric_is peers_adopted_total 0
check "every sighting is accounted for" wait_for 3 all_accounted_for
