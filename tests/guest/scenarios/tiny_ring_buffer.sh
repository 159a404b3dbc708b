#!/usr/bin/env bash
# The smallest ring buffer, and nobody who reads: what has no room is lost and counted, the kernel
# does not wait, and once somebody reads again a client connects.
#
#   CL  knock, then wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
EVENT_SOURCE=probe
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32

observe deaf "$GW" "$WGS" probe --deaf --buffer 4096
knock "$CL" random --count 100 --rate 200
sleep "$PATIENCE"
observe_end deaf
lost=$(statistic deaf ring_buffer)
read_later=$(statistic deaf sightings)
say "an observer that did not read: $read_later events, $lost lost"
check "the buffer held a few" test "$read_later" -gt 0
check "every event was read or counted as lost" test "$((read_later + lost))" = 100

write_config "$WORK/config.yaml" "$WGS" demo <<<"events: {probe-buffer-kib: 4}"
daemon_start "$GW" "$WORK/config.yaml"
run kill -STOP "$DAEMON_PID"
knock "$CL" random --count 100 --rate 200
sleep "$PATIENCE"
run kill -CONT "$DAEMON_PID"
check "the daemon counts what it lost" wait_for 5 dropped_at_least ring_buffer 1
all_are_counted() {
  (($(sightings) + $(metric 'sighting_drops_total{reason="ring_buffer"}') == 100))
}
check "every event was seen or counted" wait_for 3 all_are_counted

client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
