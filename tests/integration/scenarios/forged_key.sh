#!/usr/bin/env bash
# Who claims a registered key without holding its private key installs nothing, costs the database
# nothing, and does not stand in the real client's way.
#
#   CL  knock, then wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"

# Slow enough for each source: the patched kernel tells of 20 per second and sender, and 5 at once.
knock "$CL" forged --claim "$CLIENT_KEY" --count 10 --rate 10
check "all are refused as forged" wait_for 3 refused_times forged 10
check "the key is named" is_refused forged "$CLIENT_KEY"
check "the database was not asked" metric_is lookup_keys_total 0
check "nothing was installed" metric_is peers_installed_total 0

client_start
check "the real client connects" pings "$CL" 10.80.0.1 8
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
