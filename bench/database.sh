# What the database costs: look-ups, import, allocation, triggers, and how soon a change takes effect. Sourced by
# scripts/bench.sh; JSON lines go to descriptor 3.
#
#   BENCH_PEERS    sizes at which look-ups are timed        (default 1000 1000000 10000000; the last needs 8 GB of disk)
#   BENCH_LINES    lines of the manifest                    (default 1000000)
#   BENCH_CHANGES  changes that are timed to their effect   (default 300)
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

bench_sql() { psql "$(postgres_dsn "dbname=$1")" -v ON_ERROR_STOP=1 -Xqtc "$2" 2>&1 | grep -v NOTICE || true; }
# emit METRIC VALUE UNIT [BASELINE]
emit() {
  python3 - "$@" <<'PY' >&3
import json, sys
metric, value, unit, baseline = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
line = {"bench": "database", "metric": metric, "value": value, "unit": unit}
if baseline:
    line |= {"baseline": float(baseline[0]), "ratio": round(value / float(baseline[0]), 3)}
print(json.dumps(line))
PY
}
# seconds COMMAND...: how long it takes.
seconds() {
  local begin=$EPOCHREALTIME
  "$@" >/dev/null
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f", b - a }'
}

empty_database() { # NAME
  postgres_psql -c "CREATE DATABASE $1"
  "$BUILD_DIR/service/wg-provisionctl" db migrate --dsn "$(postgres_dsn "dbname=$1")" --schema-dir "$ROOT/schema" >/dev/null
  bench_sql "$1" "INSERT INTO wg_provision.networks (name) VALUES ('bench')"
}

# fill DATABASE FROM TO: peers with the keys sha256(n) and one address each. Look-ups need neither the triggers nor the
# index that keeps addresses apart, and ten million rows would take that one an hour.
fill() {
  bench_sql "$1" "ALTER TABLE wg_provision.allowed_ips DROP CONSTRAINT IF EXISTS allowed_ips_no_overlap"
  bench_sql "$1" "
    SET session_replication_role = replica;
    INSERT INTO wg_provision.peers (id, network_id, public_key) OVERRIDING SYSTEM VALUE
      SELECT n, 1, sha256(int8send(n)) FROM generate_series($2::bigint, $3) n;
    INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
      SELECT n, 1, set_masklen(inet '10.0.0.0' + n, 32)::cidr FROM generate_series($2::bigint, $3) n;
"
  bench_sql "$1" "VACUUM ANALYZE wg_provision.peers"
  bench_sql "$1" "VACUUM ANALYZE wg_provision.allowed_ips"
}

# transactions_per_second DATABASE SCRIPT CLIENTS SECONDS [VARIABLE=VALUE...]: by pgbench; the best of three.
transactions_per_second() {
  local database=$1 script=$2 clients=$3 time=$4 variables=() variable
  shift 4
  for variable in "$@"; do variables+=(-D "$variable"); done
  for _ in 1 2 3; do
    "$(postgres_program pgbench)" -n -M prepared -c "$clients" -j "$clients" -T "$time" -f "$script" "${variables[@]}" \
      -h "$postgres_dir" -p "$postgres_port" -U postgres "$database" 2>>"$WORK/bench.log" | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
  done | sort -g | tail -n 1
}

look_ups() {
  local peers previous=0 batch single raw first_batch='' first_single=''
  cat >"$WORK/batch.sql" <<'SQL'
SELECT count(*) FROM wg_provision.find_peers(array_fill('bench'::text, ARRAY[128]),
  ARRAY(SELECT sha256(int8send(1 + (random() * (:peers - 1))::bigint)) FROM generate_series(1, 128)));
SQL
  cat >"$WORK/single.sql" <<'SQL'
\set n random(1, :peers)
SELECT * FROM wg_provision.find_peers('{bench}', ARRAY[sha256(int8send(:n::bigint))]);
SQL
  cat >"$WORK/raw.sql" <<'SQL'
\set n random(1, :peers)
SELECT p.*, a.prefix FROM wg_provision.peers p JOIN wg_provision.allowed_ips a ON a.peer_id = p.id
  WHERE p.public_key = sha256(int8send(:n::bigint));
SQL
  empty_database look_ups
  for peers in ${BENCH_PEERS:-1000 1000000 10000000}; do
    say "== look-ups of $peers peers"
    fill look_ups "$((previous + 1))" "$peers"
    previous=$peers
    batch=$(transactions_per_second look_ups "$WORK/batch.sql" 1 5 "peers=$peers")
    single=$(transactions_per_second look_ups "$WORK/single.sql" 1 5 "peers=$peers")
    raw=$(transactions_per_second look_ups "$WORK/raw.sql" 1 5 "peers=$peers")
    emit "look_up.$peers.keys_per_second.batch_against_single" "$(awk "BEGIN { print 128 * $batch }")" 1/s "$single"
    emit "look_up.$peers.keys_per_second.single_against_raw_select" "$single" 1/s "$raw"
    first_batch=${first_batch:-$batch} first_single=${first_single:-$single}
    emit "look_up.$peers.batch_us" "$(awk "BEGIN { print 1e6 / $batch }")" us "$(awk "BEGIN { print 1e6 / $first_batch }")"
    emit "look_up.$peers.single_us" "$(awk "BEGIN { print 1e6 / $single }")" us "$(awk "BEGIN { print 1e6 / $first_single }")"
  done
  postgres_psql -c 'DROP DATABASE look_ups'
}

# The same rows twice, in the same order: once as a manifest, once straight into the tables, triggers and all.
import() {
  local lines=${BENCH_LINES:-1000000} manifest plain
  say "== import of $lines lines"
  empty_database import
  empty_database plain
  bench_sql import "COPY (SELECT 'bench', encode(sha256(int8send(n)), 'base64'), 'device ' || n, host(inet '10.0.0.0' + n)
    FROM generate_series(1, $lines::bigint) n ORDER BY sha256(int8send(n))) TO '$WORK/postgres/manifest'"
  bench_sql import "COPY (SELECT n, 1, sha256(int8send(n)), 'device ' || n
    FROM generate_series(1, $lines::bigint) n ORDER BY sha256(int8send(n))) TO '$WORK/postgres/peers'"
  bench_sql import "COPY (SELECT n, 1, (inet '10.0.0.0' + n)::cidr
    FROM generate_series(1, $lines::bigint) n ORDER BY sha256(int8send(n))) TO '$WORK/postgres/allowed_ips'"
  manifest=$(seconds bench_sql import \
    "COPY wg_provision.import (network, public_key, name, allowed_ips) FROM '$WORK/postgres/manifest'")
  plain=$(seconds bench_sql plain "COPY wg_provision.peers (id, network_id, public_key, name) FROM '$WORK/postgres/peers';
    COPY wg_provision.allowed_ips (peer_id, network_id, prefix) FROM '$WORK/postgres/allowed_ips'")
  [[ $(bench_sql import 'SELECT count(*) FROM wg_provision.allowed_ips') -eq $lines ]] || { say "lines are missing"; return 1; }
  emit import.seconds "$manifest" s "$plain"
  postgres_psql -c 'DROP DATABASE plain'
  bulk_change "$lines"
  postgres_psql -c 'DROP DATABASE import'
}

# What the triggers cost when every row of a network changes, and when one does.
bulk_change() { # PEERS
  local with without
  say "== a change of $1 rows"
  with=$(seconds bench_sql import "UPDATE wg_provision.peers SET keepalive_seconds = 25")
  bench_sql import "VACUUM wg_provision.peers"
  without=$(seconds bench_sql import \
    "SET session_replication_role = replica; UPDATE wg_provision.peers SET keepalive_seconds = 26")
  emit bulk_change.seconds "$with" s "$without"
}

# 100,000 peers by four sessions: with addresses from a pool, and with given ones.
allocation() {
  local each=25000 method pooled given
  say "== allocation by four sessions"
  cat >"$WORK/pooled.sql" <<'SQL'
SELECT wg_provision.add_peer('bench', encode(sha256(uuid_send(gen_random_uuid())), 'base64'));
SQL
  cat >"$WORK/given.sql" <<'SQL'
SELECT wg_provision.add_peer('bench', encode(sha256(uuid_send(gen_random_uuid())), 'base64'),
  ARRAY[set_masklen(inet '10.0.0.0' + nextval('public.given'), 32)::cidr]);
SQL
  for method in pooled given; do
    empty_database allocation
    bench_sql allocation "CREATE SEQUENCE public.given"
    bench_sql allocation "SELECT wg_provision.add_pool('bench', '10.0.0.0/8')"
    declare "$method=$("$(postgres_program pgbench)" -n -M prepared -c 4 -j 2 -t "$each" -f "$WORK/$method.sql" \
      -h "$postgres_dir" -p "$postgres_port" -U postgres allocation 2>>"$WORK/bench.log" |
      sed -n 's/^tps = \([0-9.]*\).*/\1/p')"
    [[ $(bench_sql allocation "SELECT count(DISTINCT prefix) FROM wg_provision.allowed_ips") -eq $((4 * each)) ]] ||
      { say "addresses are missing"; return 1; }
    postgres_psql -c 'DROP DATABASE allocation'
  done
  emit allocation.peers_per_second "$pooled" 1/s "$given"
}

# From the statement that changes one row to the device having it, through notification, look-up and interface.
change_to_effect() {
  say "== one change to its effect on a gateway"
  standard_topology
  database_fill
  peer_add "$CLIENT_KEY" 10.80.0.2/32
  write_config "$WORK/config.yaml" "$WGS" demo </dev/null
  daemon_start "$GW" "$WORK/config.yaml"
  client_start
  wait_for 10 pings "$CL" 10.80.0.1 2 || { say "no tunnel"; return 1; }
  python3 bench/change_to_effect.py --dsn "$(postgres_dsn dbname=fleet)" --key "$CLIENT_KEY" \
    --socket "/var/run/wireguard/$WGS.sock" --changes "${BENCH_CHANGES:-300}" >"$WORK/effect"
  local statistic value
  while read -r statistic value; do emit "change_to_effect.$statistic" "$value" ms; done <"$WORK/effect"
}

# database [PART...]: change_to_effect, allocation, import, look_ups; all without one.
database() {
  local part
  (($# > 0)) || set -- change_to_effect allocation import look_ups
  postgres_start "$WORK/postgres"
  # Ten million peers and their indexes fit, as they should on a machine for as many.
  postgres_psql -c "ALTER SYSTEM SET shared_buffers = '4GB'"
  postgres_restart
  for part in "$@"; do
    case $part in
      change_to_effect) change_to_effect; daemon_stop ;;
      allocation | import | look_ups) "$part" ;;
      *) say "no such part: $part"; return 2 ;;
    esac
  done
}
