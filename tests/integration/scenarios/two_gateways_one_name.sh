#!/usr/bin/env bash
# Two gateways are called the same, as machines made from one image are. The one that the client has left drops it all the
# same, and both say that there is another one of their name. Where it is certainly another machine, what the later one claims is
# not taken while the first one is alive.
#
#                       .--- up0 192.0.2.1    --- wgs 10.80.0.1  GW
#   CL  wgc 10.80.0.2 --|
#                       `--- up1 198.51.100.1 --- wgs 10.80.0.1  GW2
source "$(dirname "$0")/../lib.sh"

# elsewhere COMMAND...: with sockets of its own, because wireguard-go knows names only, and as the machine whose id is in
# $WORK/machine-id.
elsewhere() {
  unshare --mount sh -c "mount --bind '$WORK/run2' /var/run/wireguard &&
    { test ! -e /etc/machine-id || mount --bind '$WORK/machine-id' /etc/machine-id; } && exec \"\$@\"" sh "$@"
}
start_second() {
  daemon_start "$GW2" "$WORK/b.yaml" unshare --mount sh -c "mount --bind '$WORK/run2' /var/run/wireguard &&
    { test ! -e /etc/machine-id || mount --bind '$WORK/machine-id' /etc/machine-id; } && exec \"\$@\"" sh
}
second_says() { "$BUILD_DIR/service/wg-provisionctl" status --socket "$WORK/b.sock" | grep -E -- "$1" >/dev/null; }
run_of_session() { sql "SELECT run FROM wg_provision.sessions" 2>/dev/null; }
both_noticed() { (($(logged 'warning another gateway') >= 2)); }

database_start
standard_topology
namespace GW2 gw2
cable "$GW2" up1 198.51.100.1/24 "$CL" up1 198.51.100.2/24
mkdir "$WORK/run2"
if [[ $WG_BACKEND == kernel ]]; then
  wg_interface "$GW2" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16
else
  cp /etc/machine-id "$WORK/machine-id" 2>/dev/null || true
  elsewhere ip netns exec "$GW2" wireguard-go -f "$WGS" >/dev/null 2>&1 &
  PIDS+=($!)
  wait_for 10 test -S "$WORK/run2/$WGS.sock"
  elsewhere ip netns exec "$GW2" wg set "$WGS" private-key "$WORK/gateway.key" listen-port 51820
  addresses "$GW2" "$WGS" 10.80.0.1/16
fi
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/a.yaml" "$WGS" demo <<<'gateway: twin'
sed "s,$WORK/control.sock,$WORK/b.sock," "$WORK/a.yaml" >"$WORK/b.yaml"
chmod 600 "$WORK/b.yaml"

daemon_start "$GW" "$WORK/a.yaml"
cp /etc/machine-id "$WORK/machine-id" 2>/dev/null || true
start_second
second=$DAEMON_PID
client_start
check "the client connects at the first" pings "$CL" 10.80.0.1 8
sleep 2
redial "$CL" "$WGC" 198.51.100.1:51820
check "and at the second" pings "$CL" 10.80.0.1 13
check "the first drops it" wait_for 5 peers_are "$GW" "$WGS" 0
check "and says where it has gone" has_logged 'warning a peer has gone to another gateway with the same name name=twin '
check "both notice each other" wait_for 15 both_noticed
check "which is counted" metric_at_least gateway_name_conflicts_total 1
check "and shown" control_says "^also called so +$(hostname); set gateway:" status
check "in the database too" test 2 = "$(sql "SELECT DISTINCT same_name FROM wg_provision.gateway_list")"
DAEMON_PID=$second daemon_stop

# A plain restart, killed, of one that is alone again.
check "the first is alone again" wait_for 10 has_logged ' no other gateway is alive '

if [[ -s /etc/machine-id ]]; then
  tr 0-9a-f 1-9a-f0 </etc/machine-id >"$WORK/machine-id"
  start_second
  check "another machine is refused the name" wait_for 15 second_says '^also called so .*which had the name first'
  before=$(run_of_session)
  redial "$CL" "$WGC" 192.0.2.1:51820
  check "the client comes back to the first" pings "$CL" 10.80.0.1 13
  sleep 1
  held=$(run_of_session)
  redial "$CL" "$WGC" 198.51.100.1:51820
  check "and goes to the other one, which serves it" pings "$CL" 10.80.0.1 13
  check "but has nothing claimed" wait_for 5 metric_at_least session_ownerships_waiting 1
  check "the database still tells of the first" test "$(run_of_session)" = "$held" -a "$held" != "$before"
fi
