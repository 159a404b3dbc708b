#!/usr/bin/env bash
# alone
# The connection string has one name. It leads to the primary, to a standby while there is no primary, and then to the
# new primary, as DNS, a virtual address or a proxy do; the standby lives on and follows, so no session of it breaks.
# Nobody restarts the gateway: it stays with the standby as long as there is nothing better, takes no device there that
# it could not enrol, and returns to the primary. So it does when the standby that it has reached is promoted.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ====== 192.0.2.1 up0 ---- wgs 10.80.0.1  GW
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 == 198.51.100.1 up1 ---'
#                            GW -> a socket that moves -> PostgreSQL A, B or C
source "$(dirname "$0")/../lib.sh"

sessions_at() {
  psql "host=$1 port=5432 user=postgres dbname=postgres" -XAtc \
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wg-provisiond'"
}
nobody_at() { (($(sessions_at "$1") == 0)); }
leads_to() { printf '%s/.s.PGSQL.5432\n' "$1" >"$WORK/target"; }
follows() { # STANDBY PRIMARY
  sed -i '/primary_conninfo/d' "$1/data/postgresql.auto.conf"
  printf "primary_conninfo = 'host=%s port=5432 user=postgres'\n" "$2" >>"$1/data/postgresql.auto.conf"
  psql "host=$1 port=5432 user=postgres dbname=postgres" -Xqc "SELECT pg_reload_conf()" >/dev/null
}
lets_standbys_in() { # PRIMARY
  printf 'local replication all trust\n' >>"$1/data/pg_hba.conf"
  psql "host=$1 port=5432 user=postgres dbname=postgres" -Xqc "SELECT pg_reload_conf()" >/dev/null
}
has_row() { [[ $(sql "SELECT count(*) FROM wg_provision.peers WHERE name = '$1'" 2>/dev/null) == 1 ]]; }
has_heard() { # SERVER: the row of the expected device is there
  psql "host=$1 port=5432 user=postgres dbname=fleet" -XAtc "SELECT count(*) FROM wg_provision.expected_keys" | grep -x 1 >/dev/null
}

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
sql "SELECT wg_provision.add_pool('demo', '10.80.128.0/17')" >/dev/null
A=$postgres_dir B=$WORK/b C=$WORK/c
for dir in "$A" "$B" "$C"; do at_end postgres_end "$dir"; done
run postgres_standby "$B"
run postgres_standby "$C"

mkdir "$WORK/name"
chmod 755 "$WORK/name"
leads_to "$A"
background "$WORK/name.log" "$ROOT/tests/integration/moving_socket.py" "$WORK/name/.s.PGSQL.5432" "$WORK/target"
wait_for 5 test -S "$WORK/name/.s.PGSQL.5432"
DAEMON_DSN="host=$WORK/name port=5432 user=daemon_login dbname=fleet"
write_config "$WORK/config.yaml" "$WGS" demo <<<'  poll-interval: 500ms'
daemon_start "$GW" "$WORK/config.yaml"
check "it listens at the primary" wait_for 3 has_logged "listening for changes"
check "no session is with a standby" nobody_at "$B"

sql "SELECT wg_provision.expect_key('demo', '$CLIENT2_KEY', 'device')" >/dev/null
wait_for 5 has_heard "$B"
wait_for 5 has_heard "$C"
leads_to "$B"
run postgres_kill
check "killed: a session goes to the standby" wait_for 10 has_logged 'session connected .*a standby'
client_start
check "a client gets in there" pings "$CL" 10.80.0.1 10
dial "$CL2" "$WGC2" 198.51.100.1:51820
refute "an expected device does not" pings "$CL2" 10.80.0.1 6
check "it is told why" wait_for 12 is_refused not_writable "$CLIENT2_KEY"
refute "and never installed" has_logged ' installed ' "$CLIENT2_KEY"
sleep 12 # longer than it takes to look for a primary once
refute "it has stayed with the standby meanwhile" nobody_at "$B"

run postgres_promote "$C"
postgres_dir=$C
lets_standbys_in "$C"
follows "$B" "$C"
leads_to "$C"
check "promoted: all sessions return to the primary" wait_for 25 nobody_at "$B"
check "the expected device is enrolled" wait_for 20 has_row device
check "and stays" wait_for 3 has_logged ' enrolled ' "$CLIENT2_KEY"
check "it was installed once" test "$(logged ' installed ' "$CLIENT2_KEY")" = 1

# Once more, and now the standby that the sessions are with is the one that is promoted.
leads_to "$B"
listened=$(logged 'listening for changes')
run postgres_kill
check "killed again: sessions go to the standby" wait_for 10 metric_is database_sessions 2
run postgres_promote "$B"
postgres_dir=$B
check "promoted under them: they find that it is the primary" wait_for 25 log_grows 'listening for changes' "$listened"
late_key=$(key_pair late)
sql "SELECT wg_provision.expect_key('demo', '$late_key', 'late')" >/dev/null
knock "$CL" key --private-key-file "$WORK/late.key"
check "an expected device is taken again" wait_for 5 has_logged ' installed ' "$late_key"
