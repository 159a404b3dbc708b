# What the event sources cost, in the guest: handshakes of known peers per second without a daemon and beside each
# source, idle and in a flood of keys that the database has refused; the daemon's processor time and wake-ups for that
# flood. Sourced by scripts/bench.sh; JSON lines go to descriptor 3.
#
#   CL   handshake_rate up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock --------- up0 198.51.100.2 ==== 198.51.100.1 up1 --- WGS 10.80.0.1, a thousand peers  GW
#                                                                   a source alone, or wg-provisiond -> PostgreSQL
# The guest's clock ticks once per instruction, so a second is as much work as it would be on a processor that does one
# instruction in a nanosecond, and no figure depends on what else the host does.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

known_peers=300
idle_rounds=${BENCH_ROUNDS:-9}
flood_rounds=5
bad_keys=120
flood_rate=60 # packets per second; each costs the kernel a key agreement

json() { # METRIC VALUE UNIT [BASELINE]
  awk -v metric="$BENCH_PREFIX.$1" -v value="$2" -v unit="$3" -v baseline="${4:-}" 'BEGIN {
    printf "{\"bench\":\"event-sources\",\"metric\":\"%s\",\"value\":%.4f,\"unit\":\"%s\",", metric, value, unit
    if (baseline > 0) printf "\"baseline\":%.4f,\"ratio\":%.4f}\n", baseline, value / baseline
    else print "\"baseline\":null,\"ratio\":null}" }' >&3
}

# The peers whose handshakes are counted, and the process that makes them.
known_peers_start() {
  say "+ $known_peers known peers"
  "$BUILD_DIR/tests/knock" genkeys --count "$known_peers" --out "$WORK/known.key" >"$WORK/known.public"
  sed 's/^/[Peer]\nPublicKey = /' "$WORK/known.public" >"$WORK/known.conf"
  in_ns "$GW" wg addconf "$WGS" "$WORK/known.conf"
  coproc RATE { exec ip netns exec "$CL" "$BUILD_DIR/bench/handshake_rate" --private-key-file "$WORK/known.key" \
    --responder "$GATEWAY_KEY" --to 192.0.2.1:51820; }
  PIDS+=("$RATE_PID")
}
# one_pass FILE: appends handshakes per second.
one_pass() {
  local rate unanswered
  printf 'pass\n' >&"${RATE[1]}"
  read -r -t 300 rate unanswered <&"${RATE[0]}"
  ((unanswered == 0)) || say "  $unanswered initiations unanswered"
  printf '%s\n' "$rate" >>"$1"
}

source_start() { # SOURCE [OPTION...]: nothing but the source, on the interface
  : >"$WORK/source.out"
  background "$WORK/source.out" ip netns exec "$GW" "$BUILD_DIR/tests/watch_source" --source "$1" --interface "$WGS" \
    --port 51820 --seconds 600 "${@:2}"
  SOURCE_PID=${PIDS[-1]}
  wait_for 10 grep -q ready "$WORK/source.out" || { cat "$WORK/source.out"; return 1; }
}
source_end() { kill "$SOURCE_PID"; wait "$SOURCE_PID" 2>/dev/null || true; }

# In turn, so that what the machine does beside falls on all alike.
measure_idle() { # SOURCE...
  local round source
  say "== known peers' handshakes: nothing attached, and each source attached and idle"
  one_pass /dev/null
  for ((round = 0; round < idle_rounds; round++)); do
    one_pass "$WORK/idle.none"
    for source in "$@"; do
      source_start "$source"
      one_pass "$WORK/idle.$source"
      source_end
    done
    one_pass "$WORK/idle.after"
  done
  local none
  none=$(median <"$WORK/idle.none")
  json idle.none "$none" 1/s
  for source in "$@"; do json "idle.$source" "$(median <"$WORK/idle.$source")" 1/s "$none"; done
  json idle.detached "$(median <"$WORK/idle.after")" 1/s "$none"
}

# Two hundred initiations of one key that the database has refused: how often does that wake user space up?
measure_wake_ups() { # SOURCE...
  local source key
  say "== wake-ups in a flood of one refused key"
  "$BUILD_DIR/tests/knock" genkeys --count 1 --out "$WORK/one.key" >"$WORK/one.public"
  key=$(cat "$WORK/one.public")
  for source in "$@"; do
    source_start "$source" --refuse "$key"
    in_ns "$CL2" "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/one.key" --count 200 --rate 100 \
      --responder "$GATEWAY_KEY" --to 198.51.100.1:51820 >/dev/null
    sleep 1
    source_end
    json "refused_flood.$source.wake_ups" \
      "$(sed -n 's/.*"wake_ups":\([0-9]*\).*/\1/p' "$WORK/source.out")" "of 200"
  done
}

# What it costs to be told of a stranger: the source alone, without anything that follows.
measure_events() { # SOURCE...
  local source spent count
  say "== processor time of a source per event"
  for source in "$@"; do
    source_start "$source" --quiet
    spent=$(process_ns "$SOURCE_PID")
    in_ns "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/bad" --count 200 --rate 20 --to 198.51.100.1:51820 >/dev/null
    sleep 1
    spent=$(($(process_ns "$SOURCE_PID") - spent))
    source_end
    count=$(sed -n 's/.*"sightings":\([0-9]*\),.*/\1/p' "$WORK/source.out")
    json "event.$source.cpu" "$(awk "BEGIN { print $spent / 1000 / $count }")" us
  done
}

flood_prepare() {
  "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count "$bad_keys" --save "$WORK/bad" >/dev/null
}
flood_start() { # SECONDS
  background "$WORK/flood.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/bad" \
    --count "$(($1 * flood_rate))" --rate "$flood_rate" --to 198.51.100.1:51820
  FLOOD_PID=${PIDS[-1]}
}
flood_end() { end_process "$FLOOD_PID" || true; }
cpu_ns() { process_ns "$DAEMON_PID"; }
wake_ups() { awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n }' /proc/"$DAEMON_PID"/task/*/status; }

# daemon_for SOURCE: it has refused every bad key already. The bench's peers are nobody's in the database, and stay.
daemon_for() {
  EVENT_SOURCE=$1 write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
admission:
  shared-prefixes: [198.51.100.0/24]
  refused-key-ttl: 1h
  per-key: {rate: 1000/s, burst: 1000}
  known-key-filter: false
watch:
  interval: 1h
YAML
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
  : >"$WORK/daemon.log"
  daemon_start "$GW" "$WORK/config.yaml"
  # Every bad key is looked up once and refused.
  in_ns "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/bad" --count "$bad_keys" --rate 20 --to 198.51.100.1:51820 \
    >/dev/null
  sleep "$((2 * PATIENCE / 5 + 1))"
}

# daemon_does COMMAND...: DID is what the daemon spent meanwhile: nanoseconds, wake-ups, sightings.
daemon_does() {
  local spent switches seen
  spent=$(cpu_ns); switches=$(wake_ups); seen=$(sightings)
  "$@"
  DID=("$(($(cpu_ns) - spent))" "$(($(wake_ups) - switches))" "$(($(sightings) - seen))")
  say "  $*: ${DID[0]} ns, ${DID[1]} wake-ups, ${DID[2]} sightings"
}
# per_packet METRIC UNIT SUM: of ten seconds of flood.
per_packet() { json "flood.$1_per_packet" "$(awk "BEGIN { v = $3 / (10 * $flood_rate); print (v > 0 ? v : 0) }")" "$2"; }

measure_flood() { # SOURCE...
  local source round none quiet
  say "== known peers' handshakes in a flood of refused keys: no daemon"
  flood_start 300
  for ((round = 0; round < flood_rounds; round++)); do one_pass "$WORK/flood.none"; done
  flood_end
  none=$(median <"$WORK/flood.none")
  json flood.none "$none" 1/s "$(median <"$WORK/idle.none")"
  for source in "$@"; do
    say "== known peers' handshakes in a flood of refused keys: $source"
    daemon_for "$source"
    # What the daemon does by itself in ten seconds, and what it does in ten seconds of flood.
    daemon_does sleep 10
    quiet=("${DID[@]}")
    flood_start 10
    daemon_does wait "$FLOOD_PID"
    per_packet "$source.cpu" us "$(((DID[0] - quiet[0]) / 1000))"
    per_packet "$source.wake_ups" 1 "$((DID[1] - quiet[1]))"
    per_packet "$source.sightings" 1 "$((DID[2] - quiet[2]))"
    flood_start 300
    for ((round = 0; round < flood_rounds; round++)); do one_pass "$WORK/flood.$source"; done
    flood_end
    json "flood.$source" "$(median <"$WORK/flood.$source")" 1/s "$none"
    daemon_stop
  done
}

# In the guest. BENCH_PREFIX tells the module: stock or patched; the arguments are its sources.
event_sources_in_guest() {
  export WG_BACKEND=kernel
  database_start
  standard_topology
  namespace CL2 crowd
  cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
  known_peers_start
  flood_prepare
  measure_idle "$@"
  measure_wake_ups "$@"
  measure_events "$@"
  measure_flood "$@"
}
