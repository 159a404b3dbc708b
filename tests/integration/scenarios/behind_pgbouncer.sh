#!/usr/bin/env bash
# Every transaction of the daemon may get another server process: pgbouncer in transaction mode. Look-ups,
# enrolments, reports and changes work; changes are polled for, and the log says so.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
#                                                    wg-provisiond -> pgbouncer -> PostgreSQL
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
sql "SELECT wg_provision.add_pool('demo', '10.80.2.0/24', 'sequential')" >/dev/null
sql "SELECT wg_provision.expect_key('demo', '$CLIENT2_KEY', 'sensor 7')" >/dev/null

pooler=$WORK/pooler
# shellcheck disable=SC2016  # expanded when it ends
at_end "kill \$(cat $pooler/pid)"
run pgbouncer_start "$pooler" 'default_pool_size = 3' 'server_lifetime = 1'

DAEMON_DSN="host=$pooler port=6432 user=daemon_login dbname=fleet"
write_config "$WORK/config.yaml" "$WGS" demo <<<"  poll-interval: 500ms
admission: {refused-key-ttl: 1h}"
daemon_start "$GW" "$WORK/config.yaml"
check "it says that it polls" wait_for 3 has_logged 'polling for changes.*a pooler stands before'
check "so does the metric" metric_is change_feed_up 0

client_start
check "a client connects" pings "$CL" 10.80.0.1 8
stranger=$(key_pair stranger)
knock "$CL" key --private-key-file "$WORK/stranger.key"
check "a stranger is refused" wait_for 3 is_refused unknown_key "$stranger"
recorded() {
  [[ $(sql "SELECT count(*) FROM wg_provision.sightings WHERE public_key = decode('$stranger', 'base64')") == 1 ]]
}
check "and written down" wait_for 5 recorded
for i in 1 2 3 4 5 6; do
  key=$(key_pair "more$i")
  peer_add "$key" "10.80.1.$i/32"
  knock "$CL" key --private-key-file "$WORK/more$i.key"
  check "look-up $i works, by whatever server process" wait_for 3 has_logged ' installed ' "$key"
  sleep 0.5
done
dial "$CL2" "$WGC2" 198.51.100.1:51820 persistent-keepalive 25
check "a device that is expected is enrolled" wait_for 10 has_logged ' enrolled ' "$CLIENT2_KEY"
peer_set "$CLIENT2_KEY" 'enabled = false'
check "a change is heard of" wait_for 3 has_logged ' removed ' "$CLIENT2_KEY"

refute "no server process was asked for what another one has" \
  grep -q 'prepared statement' "$WORK/daemon.log" "$postgres_dir/log"
leaked() {
  [[ $(psql "host=$pooler port=6432 user=daemon_login dbname=fleet" -XqAtc 'SHOW statement_timeout') != 0 ]]
}
refute "no setting of a session was left behind" leaked
check "no session was lost" metric_is database_reconnects_total 0
check "it was said once" test "$(logged 'polling for changes')" = 1
