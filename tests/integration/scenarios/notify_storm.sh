#!/usr/bin/env bash
# Any role of the database can send notifications on any channel. Twenty thousand of them from one without rights make
# the gateway ask at most once in 50 ms, and a revocation among them takes effect as fast as ever.
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8
postgres_psql -c "CREATE ROLE stranger LOGIN" -c "GRANT CONNECT ON DATABASE fleet TO stranger"
for ((i = 0; i < 20000; ++i)); do echo "NOTIFY wg_provision_changes;"; done >"$WORK/storm.sql"
# The answers that are counted are those to the feed's questions; nobody knocks meanwhile.
before=$(metric database_answers_total)
begun=$(date +%s%N)
psql "$(postgres_dsn user=stranger dbname=fleet)" -Xqf "$WORK/storm.sql" >"$WORK/storm" 2>&1 &
storm=$!
sleep 0.3
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test')" >/dev/null
check "a revocation is followed meanwhile" wait_for 2 peers_are "$GW" "$WGS" 0
wait "$storm"
sleep 0.5
ended=$(date +%s%N)
asked=$(($(metric database_answers_total) - before))
say "$asked questions in $(((ended - begun) / 1000000)) ms"
check "at most one question in 50 ms, and one for each look-up" \
  test "$asked" -le $(((ended - begun) / 50000000 + 5))
