# The life of many peers: a gateway that starts with all of them registered against one that has them all preloaded, the
# adoption of those that are there, a storm in which the clients of a restarted gateway return at once, and their eviction
# when they are idle. Sourced by scripts/bench.sh; JSON lines go to descriptor 3.
#
#   BENCH_PEERS   registered and preloaded peers    (default 20000; wireguard-go takes about 30 KiB for each, and no
#                 more than 65,536, so of more than 65,000 the rest is registered only)
#   BENCH_STORM   clients that return at once       (default 2000, at most 19000)
#   BENCH_ROUNDS  storms, of which the median counts (default 3)
#
#   CL  handshake_rate --------- up0 192.0.2.2 ==== 192.0.2.1 up0 --- WGS 10.80.0.1  GW
#       crowd 198.18.0.0/15                                          wg-provisiond -> PostgreSQL
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

# emit METRIC VALUE UNIT [BASELINE]
emit() {
  awk -v metric="$1" -v value="$2" -v unit="$3" -v baseline="${4:-}" 'BEGIN {
    printf "{\"bench\":\"lifecycle\",\"metric\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", metric, value, unit
    if (baseline > 0) printf "\"baseline\":%.3f,\"ratio\":%.4f}\n", baseline, value / baseline
    else print "\"baseline\":null,\"ratio\":null}" }' >&3
}
now_ms() { awk -v t="$EPOCHREALTIME" 'BEGIN { printf "%.3f", t * 1000 }'; }
since() { awk -v a="$1" -v b="$(now_ms)" 'BEGIN { printf "%.3f", b - a }'; }
kib_of() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

# handshakes FILE: one pass of its keys; prints handshakes per second and how many were not answered.
handshakes() {
  printf 'pass\n' | in_ns "$CL" "$BUILD_DIR/bench/handshake_rate" --private-key-file "$1" \
    --responder "$GATEWAY_KEY" --to 192.0.2.1:51820 --window "${2:-64}"
}
first_client_answered() {
  local rate unanswered
  read -r rate unanswered < <(handshakes "$WORK/first.key")
  ((unanswered == 0)) || say "FAIL the first client was not answered ($rate/s)"
}

# The device is empty and the database full.
registered() {
  local begin device=${DEVICE_PIDS[$WGS]}
  say "== $peers registered peers, an empty device"
  begin=$(now_ms)
  daemon_start "$GW" "$WORK/config.yaml"
  first_client_answered
  REGISTERED_MS=$(since "$begin")
  REGISTERED_KIB=$(($(kib_of "$device") + $(kib_of "$DAEMON_PID")))
  DAEMON_KIB=$(kib_of "$DAEMON_PID")
}

# Their gateway has been restarted and has an empty device, and everybody returns at once; then the same again without a
# daemon, all of them on the device. A client tries again after five seconds, as WireGuard does.
storm() {
  local round
  daemon_stop
  crowd_start "$WORK/storm.key"
  : >"$WORK/through"; : >"$WORK/alone"
  for ((round = 0; round < ${BENCH_ROUNDS:-3}; ++round)); do
    say "== $storm clients return at once, round $round"
    empty_device
    daemon_start "$GW" "$WORK/config.yaml"
    crowd_comes
    crowd_is_up || say "FAIL not all of the storm are up"
    printf '%s %s\n' "$(crowd_told last_ms)" "$(crowd_told p50_ms)" >>"$WORK/through"
    daemon_stop
    crowd_comes
    printf '%s %s\n' "$(crowd_told last_ms)" "$(crowd_told p50_ms)" >>"$WORK/alone"
  done
  emit storm.last_ms "$(median_of 1 "$WORK/through")" ms "$(median_of 1 "$WORK/alone")"
  emit storm.p50_ms "$(median_of 2 "$WORK/through")" ms "$(median_of 2 "$WORK/alone")"
}
# median_of FIELD FILE
median_of() { awk -v n="$1" '{ print $n }' "$2" | median; }

# The same without a daemon: the peers are on the device before the first one can come.
preloaded() {
  local begin device=${DEVICE_PIDS[$WGS]}
  ((peers <= 65000)) || peers=65000
  say "== $peers preloaded peers"
  empty_device
  awk '{ printf "[Peer]\nPublicKey = %s\nAllowedIPs = 10.%d.%d.%d/32\n", $1, 64 + int(NR / 65536), int(NR / 256) % 256, NR % 256 }' \
    <(head -n "$peers" "$WORK/peers.key.public") >"$WORK/peers.conf"
  begin=$(now_ms)
  in_ns "$GW" wg addconf "$WGS" "$WORK/peers.conf"
  first_client_answered
  emit start.first_client_ms "$REGISTERED_MS" ms "$(since "$begin")"
  emit start.memory_kib "$REGISTERED_KIB" KiB "$(kib_of "$device")"
}

# The daemon finds them and asks the database about each.
adopted() {
  local begin before seconds
  say "== adopting $peers peers"
  begin=$(now_ms)
  daemon_start "$GW" "$WORK/config.yaml"
  until metric_at_least peers_adopted_total "$peers"; do sleep 0.05; done
  seconds=$(since "$begin")
  emit adoption.peers_per_second "$(awk -v n="$peers" -v ms="$seconds" 'BEGIN { print n * 1000 / ms }')" 1/s
  before=$DAEMON_KIB
  emit memory.bytes_per_peer "$(awk -v a="$(kib_of "$DAEMON_PID")" -v b="$before" -v n="$peers" 'BEGIN { print (a - b) * 1024 / n }')" B
}

# None of them has had a handshake, so they are idle once a session would have ended.
evicted() {
  local begin worst
  say "== evicting $peers idle peers"
  wait_for 240 metric_at_least 'evictions_total{reason="idle"}' 1
  begin=$(now_ms)
  until metric_is peers 0; do sleep 0.05; done
  emit eviction.peers_per_second "$(awk -v n="$peers" -v ms="$(since "$begin")" 'BEGIN { print n * 1000 / ms }')" 1/s
  first_client_answered
  daemon_stop
}

lifecycle() {
  peers=${BENCH_PEERS:-20000}
  storm=${BENCH_STORM:-2000}
  database_start
  standard_topology
  register_keys "$peers" "$WORK/peers.key"
  head -n 1 "$WORK/peers.key" >"$WORK/first.key"
  tail -n "$storm" "$WORK/peers.key" >"$WORK/storm.key"
  GREETING=resubmit write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
watch:
  interval: 1s
evict:
  idle-timeout: 3m
YAML
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
  registered
  storm
  preloaded
  adopted
  evicted
}
