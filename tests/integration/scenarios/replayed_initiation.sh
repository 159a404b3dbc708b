#!/usr/bin/env bash
# A recorded initiation of a registered key installs nothing twice: not at once, not while the peer
# is on the device, not after it was taken out. The key's holder, with a fresh one, gets in.
#
#   CL  knock, then wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"greet: {deadline: $((3 * PATIENCE))s}"
daemon_start "$GW" "$WORK/config.yaml"

run postgres_freeze # so that both are seen before the first one's peer is on the device
knock "$CL" key --private-key-file "$WORK/client.key" --save "$WORK/recorded" --count 2
check "the copy behind the first is a duplicate" wait_for 2 refused_times duplicate 1
run postgres_thaw
check "the first is installed" wait_for 2 metric_is peers_installed_total 1

sleep 1.1 # copies are known as such for a second
knock "$CL" key --load "$WORK/recorded"
if told_by_kernel; then
  sleep "$PATIENCE"
  check "sent again, the kernel knows the peer and tells nobody" sightings_are 2
else
  check "sent again, it finds the peer installed" wait_for 2 refused_times already_installed 1
fi

check "nobody answered: taken out again" wait_for 5 peers_are "$GW" "$WGS" 0
asked=$(metric lookup_keys_total) # more than once: a peer that does not answer is asked for anew
knock "$CL" key --load "$WORK/recorded"
check "sent once more, it is replayed" wait_for 2 refused_times replayed 1
check "the database was not asked for it" metric_is lookup_keys_total "$asked"
check "one peer was installed in all" metric_is peers_installed_total 1
check "every sighting is accounted for" wait_for 3 all_accounted_for

client_start
check "the real client gets in" pings "$CL" 10.80.0.1 8
