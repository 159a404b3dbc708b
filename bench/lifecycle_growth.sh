# What each peer costs as there are more of them, on the kernel's own device: a gateway that finds N peers on its device
# adopts them, passes over them, lets clients in beside them, and takes them off when they are idle. Sourced by
# scripts/bench.sh in the guest, once for each N; JSON lines go to descriptor 3.
#
#   BENCH_STORM      clients that return at once (default 200)
#   BENCH_BASELINE   a file with the figures of the smallest N, which the first run makes
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

# emit_growth METRIC VALUE UNIT: with the smallest N's as baseline.
emit_growth() {
  local metric="$peers.$1" base
  base=$(awk -v metric="$1" '$1 == metric { print $2 }' "$BENCH_BASELINE" 2>/dev/null || true)
  [[ -n $base ]] || printf '%s %s\n' "$1" "$2" >>"$BENCH_BASELINE"
  emit "$metric" "$2" "$3" "$base"
}
# divided A B: A / B. sum_of, count_of METRIC: of a histogram, in ms.
divided() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", (b > 0 ? a / b : 0) }'; }
sum_of() { metrics | awk -v name="wg_provisiond_$1_sum" '$1 == name { printf "%.6f", $2 * 1000 }'; }
count_of() { metric "$1_count"; }
longest_turn_ms() { control status --json | sed -nE 's/.*"longest_turn_seconds": ([0-9.e-]+).*/\1/p' | awk '{ printf "%.3f", $1 * 1000 }'; }
# share_of_turns SECONDS: how many of a hundred were at most that long.
share_of_turns() {
  metrics | awk -v bound="$1" '
    index($1, "wg_provisiond_loop_turn_seconds_bucket{le=\"" bound "\"}") == 1 { part = $2 }
    $1 == "wg_provisiond_loop_turn_seconds_count" { all = $2 }
    END { printf "%.3f", (all > 0 ? 100 * part / all : 0) }'
}

# Rows of peers that nobody has the private keys of, and the same for the device.
stand_there() {
  sql "WITH made AS (
         INSERT INTO wg_provision.peers (network_id, public_key)
         SELECT networks.id, sha256(format('%s %s', random(), n)::bytea)
         FROM wg_provision.networks, generate_series(1, $peers) AS n WHERE name = 'demo'
         RETURNING id, network_id)
       INSERT INTO wg_provision.allowed_ips (peer_id, network_id, prefix)
       SELECT id, network_id, set_masklen(inet '10.64.0.0' + id, 32)::cidr FROM made"
  sql "SELECT format(E'[Peer]\nPublicKey = %s\nAllowedIPs = %s', encode(public_key, 'base64'), prefix)
       FROM wg_provision.peers JOIN wg_provision.allowed_ips ON peer_id = peers.id" >"$WORK/peers.conf"
}

# From the line that says that the interface is served, which takes as long for one peer as for many.
growth_of_adoption() {
  local begin
  daemon_start "$GW" "$WORK/config.yaml"
  begin=$(date -d "$(sed -n '/ serving interface /{s/ .*//;p;q}' "$WORK/daemon.log")" +%s%3N)
  until metric_at_least peers_adopted_total "$peers"; do sleep 0.05; done
  emit_growth adoption.us_per_peer "$(divided "$(awk -v ms="$(since "$begin")" 'BEGIN { print ms * 1000 }')" "$peers")" us
}
# Of passes over a device that nobody changes, and of what the loop does with them: its processor time a second.
growth_of_passes() {
  local passes sum loop begin
  sleep 2
  passes=$(count_of watch_pass_duration_seconds)
  sum=$(sum_of watch_pass_duration_seconds)
  loop=$(loop_ms)
  begin=$passes
  until (($(count_of watch_pass_duration_seconds) >= begin + 5)); do sleep 0.2; done
  passes=$(($(count_of watch_pass_duration_seconds) - passes))
  emit_growth pass.us_per_peer "$(awk -v a="$(sum_of watch_pass_duration_seconds)" -v b="$sum" -v n="$passes" -v p="$peers" \
    'BEGIN { printf "%.4f", (a - b) * 1000 / n / p }')" us
  emit_growth pass.loop_us_per_peer "$(awk -v a="$(loop_ms)" -v b="$loop" -v n="$passes" -v p="$peers" \
    'BEGIN { printf "%.4f", (a - b) * 1000 / n / p }')" us
}
# How long the loop has worked: an emulator's ticks, by which the kernel counts processor time, are too coarse for it.
loop_ms() { sum_of loop_turn_seconds; }
growth_of_storm() {
  crowd_comes
  crowd_is_up || say "FAIL not all of the storm are up"
  emit_growth storm.ms_per_client "$(divided "$(crowd_told last_ms)" "$storm")" ms
}
growth_of_eviction() {
  local begin
  wait_for 240 metric_at_least 'evictions_total{reason="idle"}' 1
  begin=$(now_ms)
  until metric_is peers "$storm"; do sleep 0.02; done
  emit_growth eviction.us_per_peer "$(divided "$(awk -v ms="$(since "$begin")" 'BEGIN { print ms * 1000 }')" "$peers")" us
}

# lifecycle_growth N
lifecycle_growth() {
  peers=$1
  storm=${BENCH_STORM:-200}
  [[ -z ${FLEET_ARCHIVE:-} ]] || { tar -C "$WORK" -xf "$FLEET_ARCHIVE"; FLEET_TEMPLATE=$WORK/data; }
  database_start
  standard_topology
  stand_there
  register_keys "$storm" "$WORK/storm.key"
  say "== $peers peers come onto the device"
  in_ns "$GW" wg addconf "$WGS" "$WORK/peers.conf"
  write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
watch:
  interval: 1s
evict:
  idle-timeout: 3m
YAML
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
  growth_of_adoption
  crowd_start "$WORK/storm.key"
  growth_of_passes
  sleep 60 # so that those of the storm have sessions when the others are idle
  growth_of_storm
  growth_of_eviction
  emit_growth turn.longest_ms "$(longest_turn_ms)" ms
  emit_growth turn.at_most_5_ms_percent "$(share_of_turns 0.005)" %
}
