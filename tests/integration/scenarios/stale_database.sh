#!/usr/bin/env bash
# A database that is silent for database.max-stale: with `when-stale: remove` the peers that it has given
# are taken off after a warning, others stay, and a client gets in again when it is back.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                                              wg-provisiond -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
by_hand=$(key_pair by_hand)
run ip netns exec "$GW" wg set "$WGS" peer "$by_hand" allowed-ips 10.80.9.9/32
write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
  poll-interval: 500ms
  max-stale: 4s
  when-stale: remove
YAML
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "before: a client connects" pings "$CL" 10.80.0.1 8
now=$(date +%s)
last=$(metric database_last_answer_timestamp_seconds)
check "the last answer was a moment ago" test "$((now - last))" -le "$((2 * PATIENCE))"
sleep 5
check "silence is what counts, not age: the client stays" pings "$CL" 10.80.0.1 1

run postgres_stop
check "half of it: a warning" wait_for 3 has_logged 'has not answered for half of database.max-stale'
check "the client still has its tunnel" pings "$CL" 10.80.0.1 1
check "all of it: the client is taken off" wait_for 4 has_logged ' removed .*reason=stale' "$CLIENT_KEY"
check "the log says how many" wait_for 1 has_logged 'not answered for database.max-stale.*removed_peers=1'
check "who was set by hand stays" peers_are "$GW" "$WGS" 1
run postgres_launch
check "the database is back: the client gets in again" pings "$CL" 10.80.0.1 20
