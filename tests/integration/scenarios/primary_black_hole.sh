#!/usr/bin/env bash
# alone
# The primary's network swallows every packet and refuses none. Look-ups move to the standby within the
# time that docs/database.md gives, and who is revoked on it when it is promoted is cut, while connections
# to the old one still hang.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                        wg-provisiond --> PostgreSQL, standby
#                                    db0 203.0.113.1 ===== 203.0.113.2 db0  PostgreSQL, primary  DB
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace DB db
cable "$GW" db0 203.0.113.1/24 "$DB" db0 203.0.113.2/24
late_key=$(key_pair late)
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$late_key" 10.80.0.3/32

old=$postgres_dir
new=$WORK/standby
run postgres_stop
printf 'host all all 203.0.113.0/24 trust\n' >>"$old/data/pg_hba.conf"
sed -i 's/^postgres_listen=.*/postgres_listen=203.0.113.2/' "$old/settings"
run in_ns "$DB" "$ROOT/tests/integration/postgres.sh" "$old" start
at_end postgres_end "$old"
at_end postgres_end "$new"
run postgres_standby "$new"

DAEMON_DSN="host=203.0.113.2,$new port=5432 user=daemon_login dbname=fleet sslmode=disable"
write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
  poll-interval: 500ms
  query-deadline: 1s
  connect-timeout: 2s
YAML
daemon_start "$GW" "$WORK/config.yaml"
check "it listens at the primary" wait_for 3 has_logged 'listening for changes to=.*203.0.113.2'
client_start
check "a client connects" pings "$CL" 10.80.0.1 8

run in_ns "$DB" nft 'table inet hole { chain in { type filter hook input priority 0; policy drop; }; }'
began=$(date +%s%N)
knock "$CL" key --private-key-file "$WORK/late.key"
check "who knocks now is told that nobody can be asked" \
  wait_for 3 is_refused database_unavailable "$late_key"
check "and is let in when the standby can" wait_for 10 has_logged ' installed ' "$late_key"
took=$((($(date +%s%N) - began) / 1000000))
# A query's deadline, two connections that hang, and a second for the pauses.
check "in time ($took ms)" test "$took" -lt $((6000 * PATIENCE))
check "all sessions are there" wait_for 6 metric_is database_sessions 2
check "so are the changes" wait_for 6 has_logged 'polling for changes.*standby'
check "the tunnel is up" pings "$CL" 10.80.0.1 1

run postgres_promote "$new"
postgres_dir=$new
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'in the middle of it')" >/dev/null
check "promoted: who is revoked there is cut" wait_for 2 has_logged ' removed .*reason=revoked' "$CLIENT_KEY"
check "it is found" wait_for 17 has_logged "listening for changes to=.*$new"
sessions_there() {
  (($(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wg-provisiond'") >= $1))
}
check "all sessions are with it" wait_for 6 sessions_there 3

run in_ns "$DB" nft delete table inet hole
sleep 1
check "reached again, the old one gets none" metric_is change_feed_up 1
check "as long as these last" sessions_there 3
