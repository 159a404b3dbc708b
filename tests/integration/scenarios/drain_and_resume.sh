#!/usr/bin/env bash
# A gateway is drained: who has a tunnel keeps it, without a lost packet, and nobody new gets in.
# Resumed, it lets the same client in at its next try; restarted, it has forgotten the drain.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ====== 192.0.2.1 up0 ------.
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 === 198.51.100.1 up1 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the first client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1

is_listed() { control peers --state live | grep -F "$1" | grep -E "^$WGS .* live +yes " >/dev/null; }
live_are() { (($(control peers --interface "$WGS" --state live | tail -n +2 | wc -l) == $1)); }
check "it is listed as live and ours" is_listed "$CLIENT_KEY"
check "it is listed alone" live_are 1
check "nobody is greeted" test "$(control peers --state greeting --json)" = '[]'
check "the list is JSON for programs" test \
  "$(control peers --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["public_key"])')" = \
  "$CLIENT_KEY"
check "the status names the interface" control_says "^$WGS +demo +yes " status
check "the status says that it does not drain" control_says '"draining": false' status --json

background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.05 -c "$((80 * PATIENCE))" 10.80.0.1
ping_pid=${PIDS[-1]}
check "the gateway drains" run control drain
check "the status says so" control_says '^draining +yes' status
check "the log says so" has_logged ' draining, '
check "the gauge says so" metric_is draining 1
dial "$CL2" "$WGC2" 198.51.100.1:51820
refute "a second client does not get in" pings "$CL2" 10.80.0.1 2
check "it is refused as draining" is_refused draining
check "it is not on the device" test "$(in_ns "$GW" wg show "$WGS" peers)" = "$CLIENT_KEY"
check "the database was not asked" metric_is lookup_keys_total 1
wait "$ping_pid" || true
check "the first client has lost nothing" grep -q ' 0% packet loss' "$WORK/ping.log"

check "the gateway resumes" run control resume
check "the gauge says so" metric_is draining 0
check "the second client gets in at its next try" pings "$CL2" 10.80.0.1 13
check "two are live" wait_for 3 live_are 2
check "the second is listed" is_listed "$CLIENT2_KEY"
check "every sighting is accounted for" wait_for 3 all_accounted_for

check "the gateway drains again" run control drain
daemon_stop
check "the socket is gone" test ! -e "$WORK/control.sock"
status=0
control status || status=$?
check "without a daemon the exit status says that it is unreachable" test "$status" = 3
daemon_start "$GW" "$WORK/config.yaml"
check "a restart ends the drain" control_says '^draining +no' status

# What others find there.
status=0
control peers --interface nowhere || status=$?
check "an interface that it does not serve is not found" test "$status" = 5
sed 's/:9587/:9588/' "$WORK/config.yaml" >"$WORK/second.yaml"
chmod 600 "$WORK/second.yaml"
status=0
in_ns "$GW" timeout 10 "$BUILD_DIR/service/wg-provisiond" --config "$WORK/second.yaml" 2>"$WORK/second.log" || status=$?
check "a second daemon does not start" test "$status" = 1
check "and says why" grep -q 'another daemon listens there' "$WORK/second.log"
run kill -KILL "$DAEMON_PID"
check "killed, it leaves its socket" test -S "$WORK/control.sock"
daemon_ends
daemon_start "$GW" "$WORK/config.yaml"
check "the next daemon takes its place" control_says '^draining +no' status
