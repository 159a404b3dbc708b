#!/usr/bin/env bash
# The database is restored from before a peer was added, and made anew without any: neither says that a peer was
# removed, so none is, and an alert tells of it. A real deletion cuts at once, also of all peers, also of their network,
# also while the daemon was down. What stays without a row stays until database.max-missing.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ====== 192.0.2.1 up0 ---- wgs 10.80.0.1  GW
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 == 198.51.100.1 up1 ---'
source "$(dirname "$0")/../lib.sh"

migrate() {
  run "$BUILD_DIR/service/wg-provisionctl" db migrate --dsn "$(postgres_dsn dbname=fleet)" --schema-dir "$ROOT/schema" >/dev/null
}
empty_database() { run postgres_psql -c "DROP DATABASE fleet WITH (FORCE)" -c "CREATE DATABASE fleet"; }
sessions_are() { metric_is database_sessions "$1"; }
keeps() { metric_is peers_without_row "$1"; }
removed_for() { has_logged " removed .*reason=$1" "$2"; }

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<'watch: {interval: 1s}'
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "a client connects" pings "$CL" 10.80.0.1 8

run postgres_as_owner "$(postgres_program pg_dump)" -Fc -h "$postgres_dir" -U postgres fleet -f "$postgres_dir/fleet.dump"
peer_add "$CLIENT2_KEY" 10.80.0.3/32
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another one, added after the backup, too" pings "$CL2" 10.80.0.1 8

empty_database
check "no database, no session" wait_for 5 sessions_are 0
run postgres_as_owner "$(postgres_program pg_restore)" -h "$postgres_dir" -U postgres -d fleet "$postgres_dir/fleet.dump"
check "restored: sessions are back" wait_for 20 sessions_are 2
check "the peer that is not in the backup is counted" wait_for 10 keeps 1
check "and warned of" has_logged 'warning the database has neither rows nor tombstones of peers .*peers=1 .*another_database=no'
check "the interface still has both" peers_are "$GW" "$WGS" 2
check "the tunnel is up" pings "$CL2" 10.80.0.1 5
check "the database is the same" metric_is another_database 0
peer_add "$CLIENT2_KEY" 10.80.0.3/32
check "added again, its row is back" wait_for 5 keeps 0

empty_database
check "no database again" wait_for 5 sessions_are 0
sleep 2
migrate
check "made anew: sessions are back" wait_for 20 sessions_are 2
check "both peers are counted" wait_for 10 keeps 2
check "it is known for another one" metric_is another_database 1
check "which the log says" has_logged 'warning another database answers than before'
check "and the status" control_says '"another_database": true' status --json
check "and how many are kept" control_says '"peers_without_row": 2' status --json
check "the interface has both" peers_are "$GW" "$WGS" 2
check "no tunnel is cut" pings "$CL" 10.80.0.1 5
refute "nobody was taken off for want of a row" has_logged ' removed .*reason=unknown_key'
sql "INSERT INTO wg_provision.networks (name) VALUES ('demo')"
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
check "filled again, it knows them" wait_for 5 keeps 0

sql "DELETE FROM wg_provision.peers"
check "all are deleted: the interface is empty at once" wait_for 3 peers_are "$GW" "$WGS" 0
check "by their tombstones" removed_for revoked "$CLIENT2_KEY"

peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
check "added again, one connects" pings "$CL" 10.80.0.1 20
check "and the other" pings "$CL2" 10.80.0.1 20
sql "BEGIN; SELECT wg_provision.revoke_peer('$CLIENT2_KEY'); SELECT wg_provision.pardon_key('$CLIENT2_KEY'); COMMIT" >/dev/null
check "removed and pardoned at once, it is cut all the same" wait_for 3 peers_are "$GW" "$WGS" 1
daemon_stop
sql "DELETE FROM wg_provision.peers; DELETE FROM wg_provision.networks"
check "the peer is there while the daemon is not" peers_are "$GW" "$WGS" 1
sql "INSERT INTO wg_provision.networks (name) VALUES ('demo')"
daemon_start "$GW" "$WORK/config.yaml"
check "deleted meanwhile with its network, it is removed at the start" wait_for 5 peers_are "$GW" "$WGS" 0
daemon_stop

sed -i '$d' "$WORK/config.yaml"
printf '  max-missing: 5s\nwatch: {interval: 1s}\n' >>"$WORK/config.yaml"
peer_add "$CLIENT_KEY" 10.80.0.2/32
daemon_start "$GW" "$WORK/config.yaml"
check "with a limit: it connects" pings "$CL" 10.80.0.1 20
empty_database
migrate
check "made anew: it is kept" wait_for 15 keeps 1
check "after the limit it is removed" wait_for 15 peers_are "$GW" "$WGS" 0
check "for want of a row" removed_for unknown_key "$CLIENT_KEY"
