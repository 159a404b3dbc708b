#!/usr/bin/env bash
# A client knocks while the database is stopped and is told "not now". When the database is back it is
# connected at once: it need not knock again, which it would do after five seconds.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                                              wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<''
daemon_start "$GW" "$WORK/config.yaml"

run postgres_stop
check "the daemon has no session" wait_for 2 metric_is database_sessions 0
# Long enough for the pauses between two tries to have grown to seconds.
sleep 12
wg_interface "$CL" "$WGC" "$WORK/client.key" 0 10.80.0.2/16
dial "$CL" "$WGC" 192.0.2.1:51820 persistent-keepalive 25
check "it is refused as database_unavailable" \
  wait_for 3 is_refused database_unavailable "$CLIENT_KEY"
refute "and nothing is put on the device" has_logged ' installed '

# Right after a knock, so that the next one is five seconds away.
before=$(logged database_unavailable "$CLIENT_KEY")
knocked_again() { (($(logged database_unavailable "$CLIENT_KEY") > before)); }
check "it keeps knocking" wait_for 8 knocked_again
run postgres_launch
began=$(date +%s%N)
check "it gets in" wait_for 4 has_logged ' connected ' "$CLIENT_KEY"
took=$((($(date +%s%N) - began) / 1000000))
check "within two seconds of the database's return ($took ms)" test "$took" -lt "$((2000 * PATIENCE))"
check "its tunnel works" pings "$CL" 10.80.0.1 2
check "its look-up was resumed" metric_at_least lookups_resumed_total 1
check "both sessions are there" wait_for 2 metric_is database_sessions 2
