#!/usr/bin/env bash
# Two gateways share an interface key and a database. A client that shows up at the other one is
# served there, and the first one drops it within a second; an initiation that one of them has had is
# worth nothing at the other, nor after a restart. What a gateway says late of a client that has left
# changes nothing.
#
#                       .--- up0 192.0.2.1    --- wgs 10.80.0.1  GW   "a"
#   CL  wgc 10.80.0.2 --|
#                       `--- up1 198.51.100.1 --- wgs 10.80.0.1  GW2  "b"
source "$(dirname "$0")/../lib.sh"

AT_A=192.0.2.1:51820
AT_B=198.51.100.1:51820
# gateway_start NS NAME: the daemon of that name; its process is in PID_NAME.
gateway_start() {
  daemon_start "$1" "$WORK/$2.yaml"
  printf -v "PID_$2" '%s' "$DAEMON_PID"
}
holder_is() { [[ $(sql "SELECT gateway FROM wg_provision.sessions" 2>/dev/null) == "$1" ]]; }
of() { DAEMON_NS=$1 "${@:2}"; }

database_start
standard_topology
namespace GW2 gw2
cable "$GW2" up1 198.51.100.1/24 "$CL" up1 198.51.100.2/24
WGS2="wt$TAG"
wg_interface "$GW2" "$WGS2" "$WORK/gateway.key" 51820 10.80.0.1/16
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/a.yaml" "$WGS" demo <<<'gateway: a'
write_config "$WORK/b.yaml" "$WGS2" demo <<<'gateway: b'
sed -i "s,$WORK/control.sock,$WORK/b.sock," "$WORK/b.yaml"
gateway_start "$GW" a
gateway_start "$GW2" b

knock "$CL" key --private-key-file "$WORK/client.key" --save "$WORK/early" --count 1
check "an initiation is taken by the one that it was sent to" wait_for 3 peers_are "$GW" "$WGS" 1
client_start "$AT_A"
check "the client connects to the first" pings "$CL" 10.80.0.1 8
check "which holds its session" wait_for 3 holder_is a
peers_are "$GW2" "$WGS2" 0 || check "the other one has no peer" false

redial "$CL" "$WGC" "$AT_B"
check "it moves to the other" pings "$CL" 10.80.0.1 13
check "the first drops it within a second" wait_for 1 peers_are "$GW" "$WGS" 0
check "and says why" of "$GW" metric_is 'evictions_total{reason="moved"}' 1
check "the other holds the session" wait_for 3 holder_is b
check "and keeps it" pings "$CL" 10.80.0.1 3

sleep 1.1 # copies are known as such for a second
# Both addresses lead to the same key, so what was sent to one can be sent to the other.
KNOCK_AT=$AT_A knock "$CL" key --load "$WORK/early"
check "an old initiation is worth nothing at the first" wait_for 3 of "$GW" refused_times replayed 1
redial "$CL" "$WGC" "$AT_A"
check "the client moves back" pings "$CL" 10.80.0.1 13
check "the other drops it" wait_for 2 peers_are "$GW2" "$WGS2" 0
KNOCK_AT=$AT_B knock "$CL" key --load "$WORK/early"
check "the old initiation is worth nothing at the other" wait_for 3 of "$GW2" refused_times replayed 1

# A daemon that has forgotten everything.
run kill "$PID_a"
run kill "$PID_b"
DAEMON_PID=$PID_a daemon_ends
DAEMON_PID=$PID_b daemon_ends
gateway_start "$GW2" b
KNOCK_AT=$AT_B knock "$CL" key --load "$WORK/early"
check "nor is it after a restart" wait_for 3 of "$GW2" refused_times replayed 1
check "the client's session with the first goes on without a daemon" pings "$CL" 10.80.0.1 3

sql "SELECT wg_provision.forget_initiations('$CLIENT_KEY')" >/dev/null
check "an administrator may have it forgotten" sql \
  "SELECT 1 / count(*) FROM wg_provision.sessions WHERE initiation IS NULL"
sql "UPDATE wg_provision.sessions SET claimed_at = 'epoch'" >/dev/null

sql "SELECT wg_provision.claim_sessions('b', '$WGS2', 'demo', ARRAY[decode('$CLIENT_KEY', 'base64')],
  ARRAY[decode('400000000000000a00000000', 'hex')], '{0}')" >/dev/null
sql "SELECT wg_provision.claim_sessions('a', '$WGS', 'demo', ARRAY[decode('$CLIENT_KEY', 'base64')],
  ARRAY[decode('400000006000000a00000000', 'hex')], '{0}')" >/dev/null
sql "SELECT wg_provision.claim_sessions('b', '$WGS2', 'demo', ARRAY[decode('$CLIENT_KEY', 'base64')],
  ARRAY[decode('400000005000000a00000000', 'hex')], '{0}')" >/dev/null
check "a late claim of an older session is refused" holder_is a
