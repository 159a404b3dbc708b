# Provisions per second and their cost: registers keys, makes an empty WireGuard interface and hands over to
# bench/provision_throughput.cpp. Sourced by scripts/bench.sh; JSON lines go to descriptor 3.
#
#   (nobody) 198.18.0.0/15 --- CL up0 192.0.2.2 ==== 192.0.2.1 up0 GW   WGS, provision_throughput -> PostgreSQL
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

provision_throughput() {
  local keys=${BENCH_KEYS:-20000}
  database_start
  register_keys "$keys" "$WORK/clients.key"

  standard_topology
  run ip -n "$GW" route add 198.18.0.0/15 via 192.0.2.2
  local device=${PIDS[-1]}

  say "== $keys keys, $(nproc) processors"
  in_ns "$GW" "$BUILD_DIR/bench/provision_throughput" --dsn "$(postgres_dsn user=daemon_login dbname=fleet)" \
    --network demo --gateway-key "$WORK/gateway.key" --client-keys "$WORK/clients.key" \
    --device "$WGS" \
    --socket "$WORK/postgres/.s.PGSQL.5432" --relay "$WORK/.s.PGSQL.5432" \
    --distant-dsn "$(postgres_dsn user=daemon_login dbname=fleet "host=$WORK")" \
    --database-process "$(head -n 1 "$WORK/postgres/data/postmaster.pid")" --device-process "$device" \
    "$@" >&3 2>"$WORK/bench.log" || { grep -v 'event=\| installed ' "$WORK/bench.log" | tail -n 20; return 1; }
  grep '^bench: ' "$WORK/bench.log"
}
