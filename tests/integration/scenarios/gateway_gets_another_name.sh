#!/usr/bin/env bash
# A gateway is restarted under another host name, under another name in its settings, and with its interface renamed: no
# peer is taken off, the tunnel goes on, and the database knows at once who has the session.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs, then wgr 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

holder_is() { [[ $(sql "SELECT gateway, interface FROM wg_provision.sessions" 2>/dev/null) == "$1" ]]; }
start_as() { daemon_start "$GW" "$WORK/config.yaml" unshare --uts sh -c "hostname $1 && exec \"\$@\"" sh; }
name_it() { sed -i '/^gateway:/d' "$WORK/config.yaml"; printf 'gateway: %s\n' "$1" >>"$WORK/config.yaml"; }

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_set "$CLIENT_KEY" "keepalive_seconds = 25"
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
start_as localhost
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
name=$(sql "SELECT name FROM wg_provision.gateways")
if [[ -s /etc/machine-id ]]; then
  check "the name is made from the machine id" grep -qE '^gateway(-[a-z]{5}){3}$' <<<"$name"
  refute "which it does not show" grep -qF "$(cat /etc/machine-id)" <(sql "SELECT machine FROM wg_provision.gateway_runs")
fi
check "the session is claimed" wait_for 3 holder_is "$name|$WGS"
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.2 10.80.0.1
pinging=${PIDS[-1]}

daemon_stop
start_as gw1.example
check "under another host name the peer is adopted" wait_for 3 has_logged ' adopted '
name_it fresh
run kill -KILL "$DAEMON_PID"
wait_for 5 process_is_gone "$DAEMON_PID"
start_as gw2.example
check "a new name claims the session" wait_for 5 holder_is "fresh|$WGS"
check "and is shown" control_says '^gateway +fresh$' status
sql "SELECT wg_provision.revoke_peer('$(wg genkey | wg pubkey)')" >/dev/null 2>&1 || true
sql "UPDATE wg_provision.networks SET comment = 'a change'; NOTIFY wg_provision_changes" >/dev/null
sleep 1
refute "nobody is taken off" has_logged ' (removed|evicted) '
check "no other one is seen" metric_is gateway_name_conflicts_total 0
kill -INT "$pinging"
wait "$pinging" || true
check "no packet is lost" grep -q ' 0% packet loss' "$WORK/ping.log"

daemon_stop
WGR=wr$TAG
run ip -n "$GW" link set "$WGS" down
run ip -n "$GW" link set "$WGS" name "$WGR"
[[ $WG_BACKEND == kernel ]] || run mv "/var/run/wireguard/$WGS.sock" "/var/run/wireguard/$WGR.sock"
run ip -n "$GW" link set "$WGR" up
sed -i "s/$WGS/$WGR/" "$WORK/config.yaml"
start_as gw2.example
check "under another interface name the session is claimed" wait_for 5 holder_is "fresh|$WGR"
check "and the peer stays" peers_are "$GW" "$WGR" 1
check "the tunnel goes on" pings "$CL" 10.80.0.1 13
refute "nobody was taken off" has_logged ' (removed|evicted) '
