#!/usr/bin/env bash
# A key that is not in the database is refused, and once more without asking the database. Added in
# SQL, it gets in at the client's own next try.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {refused-key-ttl: $((2 * PATIENCE))s}"
daemon_start "$GW" "$WORK/config.yaml"

client_start
refute "an unknown key gets no reply" pings "$CL" 10.80.0.1 1
check "it is refused as unknown_key" is_refused unknown_key "$CLIENT_KEY"
check "nothing is on the device" peers_are "$GW" "$WGS" 0
knock "$CL" key --private-key-file "$WORK/client.key"
if reported_by probe; then
  check "the refusal is remembered in the kernel" wait_for 3 dropped_at_least refused_in_kernel 1
else
  check "the refusal is remembered" wait_for 2 is_refused known_refused "$CLIENT_KEY"
fi
check "the database was asked once" metric_is lookup_keys_total 1

peer_add "$CLIENT_KEY" 10.80.0.2/32
check "it gets in at its next try" pings "$CL" 10.80.0.1 13
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for
