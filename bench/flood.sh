# How registered devices fare while a gateway is flooded, and what the flood costs it: for each attack and rate with the
# daemon, with a plain device that has the peers installed, and with one defence of the daemon's switched off. Sourced by
# scripts/bench.sh; JSON lines go to descriptor 3, the table to descriptor 1 and, as Markdown, to BENCH_TABLE.
#
#   BENCH_RATES    packets a second                            (default "100 1000 10000"; quick: 1000)
#   BENCH_TRIES    devices that connect in each flood          (default 50, at most 250; quick: 10)
#   BENCH_ATTACKS  some of those in `attacks`                  (default: all)
#   BENCH_OFF_RATE rate at which defences are switched off     (default 1000; 0: they are not)
#   BENCH_TABLE    file for the table                          (default: none)
#
#   CL   crowd, one address each in 198.18.0.0/24 - up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wg-handshake-flood -------------------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- WGS 10.80.0.1  GW
#          as itself, 172.16.0.0/16 or the crowd                       wg-provisiond -> PostgreSQL, or WGS alone
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

attacks="none one-source spoofed own-address forged replays garbage"
try_seconds=5      # within which they begin
attempt_seconds=15 # of a device: three tries
warm_up=1          # second of flood before the first device comes

emit() { # METRIC VALUE UNIT [BASELINE]
  awk -v metric="$1" -v value="$2" -v unit="$3" -v baseline="${4:-}" 'BEGIN {
    printf "{\"bench\":\"flood\",\"metric\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", metric, value, unit
    if (baseline > 0) printf "\"baseline\":%.3f,\"ratio\":%.4f}\n", baseline, value / baseline
    else print "\"baseline\":null,\"ratio\":null}" }' >&3
}

# attack_of NAME: what the load generator is told; in ATTACK.
attack_of() {
  case $1 in
    one-source) ATTACK=(unknown --load "$WORK/unknown") ;;
    spoofed) ATTACK=(unknown --load "$WORK/unknown" --source-prefix 172.16.0.0/16) ;;
    own-address) ATTACK=(unknown --load "$WORK/unknown" --source-prefix 198.18.0.0/24 --sources "$tries") ;;
    forged) ATTACK=(forged --load "$WORK/forged" --claim "$claimed") ;;
    replays) ATTACK=(replayed --keys "$WORK/recorded.key") ;;
    garbage) ATTACK=(garbage) ;;
  esac
}

# Made once: their making would take the processors that the gateway is measured on.
prepare_packets() {
  local highest
  highest=$(tr ' ' '\n' <<<"$rates" | sort -n | tail -n 1)
  local each=$((highest * 10 > 100000 ? 100000 : highest * 10))
  local tool=("$flooder" --to 198.51.100.1:51820 --gateway-key "$GATEWAY_KEY")
  say "== preparing $((2 * each)) initiations of unknown keys"
  "${tool[@]}" unknown --distinct "$each" --packets "$each" --save "$WORK/unknown.a" >/dev/null &
  PIDS+=($!)
  "${tool[@]}" unknown --distinct "$each" --packets "$each" --save "$WORK/unknown.b" >/dev/null
  wait "${PIDS[-1]}"
  cat "$WORK/unknown.a" "$WORK/unknown.b" >"$WORK/unknown"
  "${tool[@]}" forged --claim "$claimed" --distinct "$((each / 5))" --packets "$each" --save "$WORK/forged" >/dev/null
}

# A userspace device keeps what it could not read in megabytes of buffer, and works on it for seconds after a flood.
device_is_quiet() {
  local before
  before=$(process_ns "${DEVICE_PIDS[$WGS]}")
  sleep 0.3
  (($(process_ns "${DEVICE_PIDS[$WGS]}") - before < 20000000))
}

flood_begins() { # ATTACK RATE
  FLOOD_PID=
  [[ $1 != none ]] || return 0
  attack_of "$1"
  background "$WORK/flood.log" ip netns exec "$CL2" "$flooder" "${ATTACK[@]}" --to 198.51.100.1:51820 \
    --gateway-key "$GATEWAY_KEY" --rate "$2" --seconds 120 --packets 5000000 --wait 0 --json
  FLOOD_PID=${PIDS[-1]}
  sleep "$warm_up"
}
# flood_ends: packets sent, and sent a second, in SENT and OFFERED.
flood_ends() {
  SENT=0; OFFERED=0
  [[ -n $FLOOD_PID ]] || return 0
  kill "$FLOOD_PID" || say "FAIL the flood had ended before"
  wait "$FLOOD_PID" || true
  read -r SENT OFFERED < <(tail -n 1 "$WORK/flood.log" |
    sed -nE 's/^\{"sent":([0-9]+),.*"sent_per_second":([0-9]+)\..*/\1 \2/p')
}

# Nanoseconds of daemon, device and PostgreSQL so far, and the time.
spent() {
  local daemon=0
  [[ -z $DAEMON_PID ]] || daemon=$(process_ns "$DAEMON_PID")
  printf '%s %s %s %s\n' "$daemon" "$(process_ns "${DEVICE_PIDS[$WGS]}")" "$(family_ns "$server")" "$(date +%s%N)"
}
# shares BEFORE AFTER: percent of one processor of each.
shares() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    split(a, x); split(b, y); t = y[4] - x[4]
    printf "%.1f %.1f %.1f\n", 100 * (y[1] - x[1]) / t, 100 * (y[2] - x[2]) / t, 100 * (y[3] - x[3]) / t }'
}
# reasons: the refusals of the daemon so far, most frequent first, "REASON COUNT, ...".
reasons() {
  metrics | sed -nE 's/^wg_provisiond_refusals_total\{reason="([a-z0-9_]+)"\} ([0-9]+)$/\2 \1/p' | sort -rn |
    awk '$1 > 0 { printf "%s%s %d", (n++ ? ", " : ""), $2, $1 }'
}

# cell NAME ATTACK RATE: floods, lets the devices come, and keeps a row: NAME ATTACK RATE and the figures of `heads`.
cell() {
  local before after memory=0 grown=0 seen=0 queries=0 refused=- share
  wait_for 30 device_is_quiet || say "FAIL the device is still busy with the flood before"
  [[ -z $DAEMON_PID ]] || memory=$(resident_kib)
  flood_begins "$2" "$3"
  before=$(spent)
  crowd_comes
  after=$(spent)
  flood_ends
  if [[ -n $DAEMON_PID ]]; then
    sleep 0.5 # what waits is still decided
    seen=$(sightings); queries=$(metric lookup_batches_total); refused=$(reasons)
    grown=$(($(resident_kib) - memory))
  fi
  read -r -a share < <(shares "$before" "$after")
  printf '%s|' "$1" "$2" "$3" "$OFFERED" "$SENT" "$seen" "${refused:--}" "${share[@]}" "$queries" "$memory" "$grown" \
    "$(crowd_told up)" "$(crowd_told p50_ms)" "$(crowd_told p99_ms)" >>"$WORK/rows"
  printf '\n' >>"$WORK/rows"
}
# told NAME ATTACK RATE FIELD: of such a row.
told() { awk -F '|' -v n="$1" -v a="$2" -v r="$3" -v f="$4" '$1 == n && $2 == a && $3 == r { print $f }' "$WORK/rows" | tail -n 1; }

# with_daemon NAME ATTACK RATE [ADMISSION]: on an empty device, and a daemon that remembers nothing.
with_daemon() {
  say "== $2, $3 a second: the daemon ($1)"
  empty_device
  write_config "$WORK/config.yaml" "$WGS" demo <<<"${4:-}"
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
  : >"$WORK/daemon.log"
  daemon_start "$GW" "$WORK/config.yaml"
  cell "$1" "$2" "$3"
  daemon_stop
  DAEMON_PID=
}
# with_plain_device ATTACK RATE: no daemon, every peer installed.
with_plain_device() {
  say "== $1, $2 a second: a plain device"
  empty_device
  in_ns "$GW" wg addconf "$WGS" "$WORK/peers.conf"
  cell plain "$1" "$2"
}

# Each defence of the settings alone, against the attacks that it is for.
without_defences() {
  local rate=$1 open="{rate: 1000000/s, burst: 1000000}"
  with_daemon no-cookies own-address "$rate" "admission: {cookies: never}"
  with_daemon no-cookies spoofed "$rate" "admission: {cookies: never}"
  with_daemon no-source-budgets one-source "$rate" "admission: {per-address: $open, per-prefix: $open}"
  with_daemon no-source-budgets own-address "$rate" "admission: {per-address: $open, per-prefix: $open}"
  with_daemon no-total-budget spoofed "$rate" "admission: {total: $open}"
  with_daemon no-refused-keys one-source "$rate" "admission: {refused-key-ttl: 0s}"
}

# First contacts that the daemon proves, looks up and installs for a second of its own processor time.
measure_capacity() {
  local before after connected keys=$1
  say "== $keys first contacts, no flood"
  register_keys "$keys" "$WORK/fresh.key"
  empty_device
  write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
admission: {shared-prefixes: [192.0.2.0/24]}
greet: {per-prefix: {rate: 5000/s, burst: 5000}}
YAML
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
  daemon_start "$GW" "$WORK/config.yaml"
  before=$(spent)
  in_ns "$CL" "$flooder" valid --keys "$WORK/fresh.key" --to 192.0.2.1:51820 --gateway-key "$GATEWAY_KEY" --rate 500 \
    --packets "$keys" --seconds 600 --wait 3 --json >"$WORK/capacity.json"
  after=$(spent)
  connected=$(metric peers_connected_total)
  daemon_stop
  DAEMON_PID=
  read -r -a CAPACITY < <(awk -v a="$before" -v b="$after" -v n="$connected" 'BEGIN {
    split(a, x); split(b, y)
    for (i = 1; i <= 3; ++i) printf "%.1f ", (y[i] > x[i] ? n * 1e9 / (y[i] - x[i]) : 0)
    print "" }')
  emit capacity.connected "$connected" peers "$keys"
  emit capacity.daemon "${CAPACITY[0]}" "1/s of its CPU"
  emit capacity.device "${CAPACITY[1]}" "1/s of its CPU"
  emit capacity.postgresql "${CAPACITY[2]}" "1/s of its CPU"
}

heads="| who | attack | packets a second | sent a second | sent | sightings | refused | daemon, % of a core | device | PostgreSQL | queries | daemon's memory before, KiB | grown by | connected | p50, ms | p99, ms |"
print_table() {
  printf '%s\n' "$heads"
  sed 's/[^|]//g; s/|/|---/g; s/$/|/; s/^|---//' <<<"$heads"
  sed 's/^/| /; s/|$/ |/; s/\([^ ]\)|\([^ ]\)/\1 | \2/g; s/\([^ ]\)|\([^ ]\)/\1 | \2/g' "$WORK/rows"
}

# Every figure as JSON: connecting beside the plain device's, the others alone.
emit_row() { # NAME ATTACK RATE
  local name="$2.$3.$1" plain=()
  if [[ $1 != plain ]]; then plain=("$(told plain "$2" "$3" 15)" "$(told plain "$2" "$3" 16)"); fi
  emit "$name.sent" "$(told "$@" 4)" 1/s
  emit "$name.sightings" "$(told "$@" 6)" 1
  emit "$name.cpu.daemon" "$(told "$@" 8)" %
  emit "$name.cpu.device" "$(told "$@" 9)" % "$(told plain "$2" "$3" 9)"
  emit "$name.cpu.postgresql" "$(told "$@" 10)" %
  emit "$name.queries" "$(told "$@" 11)" 1
  emit "$name.memory_grown" "$(told "$@" 13)" KiB
  emit "$name.connected" "$(told "$@" 14)" "of $tries"
  emit "$name.p50" "$(told "$@" 15)" ms "${plain[0]:-}"
  emit "$name.p99" "$(told "$@" 16)" ms "${plain[1]:-}"
}

flood_everything() {
  local attack rate name
  for attack in ${BENCH_ATTACKS:-$attacks}; do
    for rate in $rates; do
      [[ $attack != none ]] || rate=0
      with_daemon daemon "$attack" "$rate"
      with_plain_device "$attack" "$rate"
      [[ $attack != none ]] || break
    done
  done
  ((off_rate == 0)) || without_defences "$off_rate"
  while IFS='|' read -r name attack rate _; do emit_row "$name" "$attack" "$rate"; done <"$WORK/rows"
}

flood() {
  local size=default keys
  [[ ${1:-} != quick ]] || size=quick
  rates=${BENCH_RATES:-$([[ $size == quick ]] && echo 1000 || echo "100 1000 10000")}
  tries=${BENCH_TRIES:-$([[ $size == quick ]] && echo 10 || echo 50)}
  off_rate=${BENCH_OFF_RATE:-1000}
  keys=$([[ $size == quick ]] && echo 500 || echo 3000)
  flooder=$BUILD_DIR/service/wg-handshake-flood
  : >"$WORK/rows"
  database_start
  read -r server <"$postgres_dir/data/postmaster.pid"
  standard_topology
  namespace CL2 flood
  cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
  run ip -n "$GW" route add 172.16.0.0/16 via 198.51.100.2
  register_keys "$((tries + 1))" "$WORK/known.key"
  head -n "$tries" "$WORK/known.key" >"$WORK/crowd.key"
  tail -n 1 "$WORK/known.key" >"$WORK/recorded.key"
  claimed=$(head -n 1 "$WORK/known.key.public")
  awk '{ printf "[Peer]\nPublicKey = %s\nAllowedIPs = 10.64.%d.%d/32\n", $1, int(NR / 256), NR % 256 }' \
    "$WORK/known.key.public" >"$WORK/peers.conf"
  crowd_start "$WORK/crowd.key" "$((tries / try_seconds))" --attempt-time "$attempt_seconds" --brief
  prepare_packets
  measure_capacity "$keys"
  flood_everything
  print_table | tee ${BENCH_TABLE:+"$BENCH_TABLE"}
}
