#!/usr/bin/env bash
# While the daemon is down, its database is made anew without any row. An exclusive interface would lose all of its peers at the
# start: the daemon remembers which database was its own, and keeps them until somebody says that the new one is meant.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

make_anew() {
  run postgres_psql -c "DROP DATABASE fleet WITH (FORCE)" -c "CREATE DATABASE fleet"
  run "$BUILD_DIR/service/wg-provisionctl" db migrate --dsn "$(postgres_dsn dbname=fleet)" --schema-dir "$ROOT/schema" >/dev/null
  sql "INSERT INTO wg_provision.networks (name) VALUES ('demo')"
}
identity() { sql "SELECT wg_provision.database_identity()"; }
warned() { logged "warning $1"; }
accepts() { control accept-database "$1"; }
is_not_accepted() { [[ $(control accept-database "$1" 2>&1 || true) == *"not the database that answers"* ]]; }

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
mkdir -m 700 "$WORK/state"
printf '  identity-file: %s\nwatch: {interval: 500ms}\n' "$WORK/state/database" |
  write_config "$WORK/config.yaml" "$WGS" demo
sed -i "s/network: demo,/network: demo, exclusive: true,/" "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "the file is for its owner alone" test "$(stat -c %a "$WORK/state/database")" = 600
check "and names the database" grep -qF "$(identity)" "$WORK/state/database"
daemon_stop

make_anew
daemon_start "$GW" "$WORK/config.yaml"
check "another database: the log warns" has_logged 'warning another database answers than before'
check "the metric says it" wait_for 5 metric_is another_database 1
check "and the status" control_says '"another_database": true' status --json
check "the peer is looked up" wait_for 5 metric_is foreign_peers 1
sleep 2
check "and kept" peers_are "$GW" "$WGS" 1
check "with its tunnel" pings "$CL" 10.80.0.1 5
refute "nothing was taken off" has_logged ' removed ' "$CLIENT_KEY"
daemon_stop
daemon_start "$GW" "$WORK/config.yaml"
check "one more start changes nothing" wait_for 5 metric_is another_database 1
check "and keeps the peer" peers_are "$GW" "$WGS" 1

check "what does not answer cannot be accepted" is_not_accepted 00000000-0000-4000-8000-000000000000
check "the new one can" accepts "$(identity)"
check "it is the one that is ours" wait_for 5 metric_is another_database 0
check "an exclusive interface has what it knows, and no more" wait_for 5 peers_are "$GW" "$WGS" 0
check "which is written down" grep -qF "$(identity)" "$WORK/state/database"
daemon_stop
daemon_start "$GW" "$WORK/config.yaml"
check "and holds over a restart" wait_for 5 metric_is another_database 0

daemon_stop
printf 'wg-provisiond database nonsense' >"$WORK/state/database"
before=$(warned 'what was kept of the database is damaged')
daemon_start "$GW" "$WORK/config.yaml"
check "a damaged file is one warning" test "$(($(warned 'what was kept of the database is damaged') - before))" = 1
check "and is made good" wait_for 5 grep -qF "$(identity)" "$WORK/state/database"
daemon_stop
rm -r "$WORK/state"
daemon_start "$GW" "$WORK/config.yaml"
check "without a folder the daemon says so, and runs" has_logged 'warning which database is ours is not kept over restarts'
