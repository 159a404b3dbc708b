#!/usr/bin/env bash
# alone
# With its last interface the daemon lets go of the module: it can be removed meanwhile. Loaded again,
# with the interface made again, the same process serves it by the same source.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

module_is_loaded || module_load
database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
# An attached probe holds the module; listening to its family does not, nor do its interfaces.
if [[ $EVENT_SOURCE == probe ]]; then refute "the module is in use" rmmod wireguard; fi

for round in 1 2; do
  say "round $round"
  wg_interface_delete "$CL" "$WGC"
  wg_interface_delete "$GW" "$WGS"
  check "the daemon misses the interface" wait_for 5 log_grows ' interface gone, ' "$((round - 1))"
  check "no source serves anything" wait_for 3 metric_is "source_interfaces{source=\"$EVENT_SOURCE\"}" 0
  check "the module can be removed" wait_for 5 rmmod wireguard
  refute "and is gone" module_is_loaded
  sleep "$((2 * PATIENCE))"
  check "the daemon lives without it" metric_is peers 0

  module_load
  wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16 fd80::1/64
  check "made again, the interface is served again" \
    wait_for 10 log_grows ' serving interface ' "$round"
  check "by $EVENT_SOURCE" wait_for 3 reported_by "$EVENT_SOURCE"
  client_start
  check "the client connects again" pings "$CL" 10.80.0.1 8
  check "that is counted" wait_for 3 metric_is peers_connected_total "$((round + 1))"
done
check "by the same process" test "$(logged ' ready ')" = 1
check "$EVENT_SOURCE never failed" metric_is "source_failures_total{source=\"$EVENT_SOURCE\"}" 0
