#!/usr/bin/env bash
# Noise, truncated and oversized initiations to the port: the daemon lives, knows them for what they
# are, and does not grow.
#
#   CL  knock, then wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
count=$((4000 / PATIENCE))
rate=$((8000 / PATIENCE))

knock "$CL" garbage --count "$count" --rate "$rate"
check "noise shaped like initiations is seen" wait_for 3 sightings_are "$((count / 2))"
check "and has no valid mac1" wait_for 3 refused_times bad_mac1 "$((count / 2))"
before=$(resident_kib)
knock "$CL" garbage --count "$count" --rate "$rate"
knock "$CL" truncated --count 500 --rate "$rate"
knock "$CL" oversized --count 500 --rate "$rate"
check "nothing more than noise is seen" wait_for 3 sightings_are "$count"
refute "the daemon has not grown by a megabyte" has_grown 1024 "$before"
check "every sighting is accounted for" wait_for 3 all_accounted_for

client_start
check "a registered client connects" pings "$CL" 10.80.0.1 8
check "still the same process" kill -0 "$DAEMON_PID"
