#!/usr/bin/env bash
# A dump goes into a cluster whose transaction numbers are far behind those of the rows in wg_provision.changes, and one goes
# into a cluster whose numbers are far ahead: nothing has changed, so nobody is looked up again, and what does change is
# heard of at once.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

# spend COUNT: numbers, one for each subtransaction that writes.
spend() {
  postgres_psql -c "CREATE TABLE spent (n integer)" -c "DO \$\$ BEGIN FOR i IN 1..$1 LOOP
    BEGIN INSERT INTO spent VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END \$\$"
}
# restore FROM TO: a new cluster in TO, and in it what the one in FROM has.
restore() {
  local program
  program=$(postgres_program pg_dump)
  run postgres_as_owner "$program" -Fc -h "$1" -U postgres fleet -f "$1/fleet.dump"
  postgres_as_owner "$(postgres_program pg_dumpall)" --roles-only -h "$1" -U postgres >"$WORK/roles.sql"
  unset FLEET_TEMPLATE POSTGRES_TEMPLATE
  run postgres_start "$2"
  ((${3:-0} == 0)) || spend "$3"
  postgres_psql -c "CREATE DATABASE fleet"
  psql "$(postgres_dsn)" -Xqf "$WORK/roles.sql" >/dev/null 2>&1 || true
  run postgres_as_owner "$(postgres_program pg_restore)" -h "$2" -U postgres -d fleet "$1/fleet.dump"
}
next_number() { postgres_psql -c "SELECT pg_snapshot_xmax(pg_current_snapshot())"; }
hears_at_once() { # NAME
  local before
  before=$(metric resyncs_total)
  sleep 5
  check "$1: nothing has changed, so nobody is looked up again" metric_is resyncs_total "$before"
  peer_set "$CLIENT_KEY" 'enabled = false'
  check "$1: a peer that is disabled is cut" wait_for 3 peers_are "$GW" "$WGS" 0
  peer_set "$CLIENT_KEY" 'enabled = true'
  check "$1: enabled, it gets in again" pings "$CL" 10.80.0.1 20
  check "$1: still nobody else was looked up" metric_is resyncs_total "$before"
  check "$1: rows of the other cluster are gone" test \
    "$(sql "SELECT count(*) FROM wg_provision.changes WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())")" = 0
}

database_start
standard_topology
first=$postgres_dir
for dir in "$first" "$WORK/young" "$WORK/old"; do at_end postgres_end "$dir"; done
spend 20000
peer_add "$CLIENT_KEY" 10.80.0.2/32
sql "INSERT INTO wg_provision.peers (network_id, public_key)
  SELECT 1, decode(md5(i::text) || md5('b' || i), 'hex') FROM generate_series(1, 300) i" # a change without keys
before=$(next_number)
restore "$first" "$WORK/young"
check "the numbers of the new cluster are behind" test "$(next_number)" -lt "$before"
write_config "$WORK/young.yaml" "$WGS" demo <<<'  poll-interval: 500ms'
daemon_start "$GW" "$WORK/young.yaml"
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
hears_at_once "behind"
daemon_stop

before=$(next_number)
restore "$WORK/young" "$WORK/old" 30000
check "the numbers of the next one are ahead" test "$(next_number)" -gt "$before"
write_config "$WORK/old.yaml" "$WGS" demo <<<'  poll-interval: 500ms'
daemon_start "$GW" "$WORK/old.yaml"
check "it adopts its peer" wait_for 5 metric_is peers_adopted_total 1
hears_at_once "ahead"
