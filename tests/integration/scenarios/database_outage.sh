#!/usr/bin/env bash
# The database stops, comes back, and later hangs: tunnels that are up stay up, who knocks meanwhile
# is refused as database_unavailable, which is not remembered, and gets in at the next try.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
#                                                              wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
late_key=$(key_pair late)
peer_add "$late_key" 10.80.0.4/32
next_key=$(key_pair next)
peer_add "$next_key" 10.80.0.5/32
write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
  query-deadline: 1s
  connect-timeout: 2s
  reconnect-maximum: 500ms
YAML
daemon_start "$GW" "$WORK/config.yaml"

client_start
check "before: a client connects" pings "$CL" 10.80.0.1 8
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.1 -c "$((80 * PATIENCE))" 10.80.0.1
live=${PIDS[-1]}

run postgres_stop
dial "$CL2" "$WGC2" 198.51.100.1:51820
refute "stopped: a new client gets no reply" pings "$CL2" 10.80.0.1 1
check "it is refused as database_unavailable" \
  wait_for 2 is_refused database_unavailable "$CLIENT2_KEY"
check "the daemon has no session" wait_for 2 metric_is database_sessions 0
run postgres_launch
check "started: both sessions come back" wait_for 3 metric_is database_sessions 2
check "the client gets in at its next try" pings "$CL2" 10.80.0.1 13
refute "its refusal was not remembered" has_logged ' reason=known_refused ' "$CLIENT2_KEY"

run postgres_freeze
knock "$CL" key --private-key-file "$WORK/late.key"
check "frozen: refused as database_unavailable" \
  wait_for 3 is_refused database_unavailable "$late_key"
after=$(grep -F "$late_key" "$WORK/daemon.log" |
  sed -nE 's/.*database_unavailable.*after_ms=([0-9]+).*/\1/p')
check "within the deadline of a second, and a bit (${after:-?} ms)" \
  test "${after:-9999}" -lt "$((1500 * PATIENCE))"
run postgres_thaw
check "thawed: the sessions come back" wait_for 5 metric_is database_sessions 2
knock "$CL" key --private-key-file "$WORK/late.key"
check "and the key is let in" wait_for 3 has_logged ' installed ' "$late_key"

reconnects=$(metric database_reconnects_total)
run postgres_restart
check "restarted while nobody asks: both sessions are made anew" \
  wait_for 5 metric_at_least database_reconnects_total "$((reconnects + 2))"
knock "$CL" key --private-key-file "$WORK/next.key"
check "and the next key is let in" wait_for 2 has_logged ' installed ' "$next_key"

wait "$live" || true
check "the tunnel that was up lost no packet" grep -q ' 0% packet loss' "$WORK/ping.log"
