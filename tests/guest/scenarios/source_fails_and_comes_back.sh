#!/usr/bin/env bash
# The probe fails under the running daemon: it says so, counts it, and goes on with capture at once;
# when the probe works again it is taken up again. Clients connect in both times.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
EVENT_SOURCE=probe
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml" env "WG_PROVISIOND_FAULT_FILE=$WORK/fault"

run touch "$WORK/fault.probe-gone"
check "the daemon falls back to capture" wait_for 4 reported_by capture
check "the probe serves nothing" metric_is 'source_interfaces{source="probe"}' 0
check "the failure is logged once" test "$(logged 'event source failed, .* source=probe ')" = 1
check "so is who serves now" test "$(logged ' event source interface=.* source=capture ')" = 1
check "the failure is counted once" metric_is 'source_failures_total{source="probe"}' 1
client_start
check "a client connects through capture" pings "$CL" 10.80.0.1 8
check "it was seen by capture" metric_at_least 'sightings_total{source="capture"}' 1
# Longer than the first pause, so that the daemon has tried.
sleep 7
check "it stays with capture while the probe does not work" reported_by capture
check "still one failure" metric_is 'source_failures_total{source="probe"}' 1

run rm "$WORK/fault.probe-gone"
# The pauses are 5, 10, 20 s whatever the patience.
check "the probe is taken up again" wait_for 25 reported_by probe
check "capture has nothing to do" metric_is 'source_interfaces{source="capture"}' 0
before=$(metric 'sightings_total{source="probe"}')
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another client connects" pings "$CL2" 10.80.0.1 8
check "it was seen by the probe" \
  metric_at_least 'sightings_total{source="probe"}' "$((before + 1))"
check "both peers connected" wait_for 3 metric_is peers_connected_total 2
check "without a restart" test "$(logged ' ready ')" = 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
