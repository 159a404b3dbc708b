#!/usr/bin/env bash
# The database knows the initiation that brought a device to its gateway, and none of its later rekeys. One of these,
# recorded on the way and sent to another gateway of the same key from the device's own address, is newer than what is
# known: the other gateway installs the peer. It must not lead the device away: it hands the recording to its own device,
# whose answer is of no use, and does not initiate.
#
#                       .--- up0 192.0.2.1    --- wgs 10.80.0.1  GW   "a"
#   CL  wgc 10.80.0.2 --|
#                       `--- up1 198.51.100.1 --- wgs 10.80.0.1  GW2  "b"
source "$(dirname "$0")/../lib.sh"

AT_A=192.0.2.1:51820
AT_B=198.51.100.1:51820
of() { DAEMON_NS=$1 "${@:2}"; }
holder_is() { [[ $(sql "SELECT gateway FROM wg_provision.sessions" 2>/dev/null) == "$1" ]]; }

database_start
standard_topology
namespace GW2 gw2
cable "$GW2" up1 198.51.100.1/24 "$CL" up1 198.51.100.2/24
WGS2="wt$TAG"
wg_interface "$GW2" "$WGS2" "$WORK/gateway.key" 51820 10.80.0.1/16
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/a.yaml" "$WGS" demo <<<'gateway: a'
write_config "$WORK/b.yaml" "$WGS2" demo <<<$'gateway: b\ngreet: {deadline: 6s}'
sed -i "s,$WORK/control.sock,$WORK/b.sock," "$WORK/b.yaml"
daemon_start "$GW" "$WORK/a.yaml"
daemon_start "$GW2" "$WORK/b.yaml"
wg_interface "$CL" "$WGC" "$WORK/client.key" 40000 10.80.0.2/16 fd80::2/64
dial "$CL" "$WGC" "$AT_A"
check "the client connects to the first" pings "$CL" 10.80.0.1 8
check "which holds its session" wait_for 3 holder_is a

sleep 1.1 # so that it is newer
say "an initiation of the client that no gateway has seen"
KNOCK_AT=192.0.2.77:51820 knock "$CL" key --private-key-file "$WORK/client.key" --save "$WORK/rekey" --count 1
KNOCK_AT=$AT_B knock "$CL" key --load "$WORK/rekey" --source-spread 1 --source-prefix 198.51.100.2/32 --from-port 40000
check "the other gateway installs the peer" wait_for 3 of "$GW2" metric_is peers_installed_total 1
check "and takes it off, without a session" wait_for 9 of "$GW2" refused_times never_connected 1
check "the first holds the session" holder_is a
check "it has the peer" peers_are "$GW" "$WGS" 1
check "the tunnel is up" pings "$CL" 10.80.0.1 3

say "the client itself goes to the other"
redial "$CL" "$WGC" "$AT_B"
check "it is let in" pings "$CL" 10.80.0.1 8
check "and holds the session there" wait_for 3 holder_is b
