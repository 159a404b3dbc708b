#!/usr/bin/env bash
# A peer gets another key, with an overlap: the old key goes on, the new one takes the address over
# when it knocks, and when the overlap is ended by hand the old one is refused as revoked.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client pings" pings "$CL" 10.80.0.1 8

new_key=$(key_pair new)
sql "SELECT wg_provision.rotate_key('$CLIENT_KEY', '$new_key', '1 hour')" >/dev/null
sleep 1
check "with its old key it goes on" pings "$CL" 10.80.0.1 2
run ip netns exec "$CL" wg set "$WGC" private-key "$WORK/new.key"
redial "$CL" "$WGC" 192.0.2.1:51820
check "with its new key it pings from the same address" pings "$CL" 10.80.0.1 13
check "the old key has left the device" wait_for 2 peers_are "$GW" "$WGS" 1
check "for that reason" has_logged ' removed .*reason=key_rotated' "$CLIENT_KEY"

sql "DELETE FROM wg_provision.retiring_keys" >/dev/null
knock "$CL" key --private-key-file "$WORK/client.key"
check "after the overlap the old key is refused" wait_for 3 is_refused revoked "$CLIENT_KEY"
check "and the new one goes on" pings "$CL" 10.80.0.1 2
check "every sighting is accounted for" wait_for 3 all_accounted_for
