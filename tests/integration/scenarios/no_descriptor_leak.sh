#!/usr/bin/env bash
# Interfaces and database sessions come and go, clients connect, packets are refused: afterwards the
# daemon has no more descriptors and threads than before.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                                                   wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"  reconnect-maximum: 200ms
admission: {per-key: {rate: 100/s, burst: 100}}"
daemon_start "$GW" "$WORK/config.yaml"
client_start

cycle() {
  redial "$CL" "$WGC" 192.0.2.1:51820
  pings "$CL" 10.80.0.1 3 || return 1
  wg_interface_delete "$GW" "$WGS"
  wait_for 3 metric_is peers 0 || return 1
  run postgres_restart
  knock "$CL" garbage --count 100
  wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16
  wait_for 5 log_grows ' serving interface ' "$((1 + $1))" || return 1
  (umask 077; wg genkey >"$WORK/stranger.key")
  knock "$CL" key --private-key-file "$WORK/stranger.key"
  wait_for 5 metric_is database_sessions 2 && wait_for 5 metric_is change_feed_up 1
}
# The connection that reports comes back when there is something to report: one more or less is no leak. It has two
# descriptors, the second one by which a query is cut.
descriptors() { find "/proc/$DAEMON_PID/fd" -mindepth 1 | wc -l; }
at_most_one_connection_more() { (($(descriptors) <= descriptors_before + 2)); }
threads() { find "/proc/$DAEMON_PID/task" -mindepth 1 -maxdepth 1 | wc -l; }

check "cycle 0" cycle 0
descriptors_before=$(descriptors)
threads_before=$(threads)
for n in 1 2 3 4; do check "cycle $n" cycle "$n"; done
check "descriptors: $descriptors_before, as before" wait_for 3 at_most_one_connection_more
check "threads: $threads_before, as before" test "$(threads)" = "$threads_before"
