# From a client's initiation on the wire to the gateway's, for keys that knock one after the other and together, next to
# a shell hook and to the floor; then the time to the first reply of a real client. Sourced by scripts/bench.sh; JSON
# lines go to descriptor 3.
#
#   CL up0 192.0.2.2 ======== 192.0.2.1 up0 --- WGS 10.80.0.1  GW      connect_latency sends from CL and listens at up0
#                                              wg-provisiond -> PostgreSQL
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of tests/integration/lib.sh

json() { # METRIC VALUE UNIT [BASELINE]
  awk -v metric="$1" -v value="$2" -v unit="$3" -v baseline="${4:-}" 'BEGIN {
    printf "{\"bench\":\"connect-latency\",\"metric\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", metric, value, unit
    if (baseline > 0) printf "\"baseline\":%.3f,\"ratio\":%.3f}\n", baseline, value / baseline
    else print "\"baseline\":null,\"ratio\":null}" }' >&3
}
# value_of METRIC: from JSON lines on standard input.
value_of() { sed -n "s/.*\"metric\":\"$1\",\"value\":\([0-9.]*\).*/\1/p"; }

daemon_config() { # GREETING: budgets as for a network that many devices share, everything else at its default
  GREETING=$1 write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
admission:
  shared-prefixes: [192.0.2.0/24]
greet:
  per-prefix: {rate: 5000/s, burst: 5000}
YAML
  sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
}

# One database round trip and one device set, measured alone. Sets FLOOR_MS.
measure_floor() {
  say "== the floor: one round trip and one device set"
  register_keys 100 "$WORK/floor.key"
  in_ns "$GW" "$BUILD_DIR/bench/connect_latency" floor --client-keys "$WORK/floor.key" --device "$WGS" --network demo \
    --dsn "$(postgres_dsn user=daemon_login dbname=fleet)" >"$WORK/floor.json"
  cat "$WORK/floor.json" >&3
  FLOOR_MS=$(value_of floor.p50 <"$WORK/floor.json")
}

# The hook, once per key, one after the other. Sets HOOK_RATE. `psql` is first what a Debian machine calls so, a script
# that looks for the newest version, then that version itself.
measure_hook() {
  say "== the hook: psql and wg for each event"
  register_keys 60 "$WORK/hook.key"
  local milliseconds
  milliseconds=$(head -n 30 "$WORK/hook.key.public" | run_hook /usr/bin/psql)
  json hook.time "$milliseconds" ms
  HOOK_RATE=$(awk "BEGIN { printf \"%.3f\", 1000 / $milliseconds }")
  json hook.throughput "$HOOK_RATE" 1/s
  json hook.direct.time "$(tail -n 30 "$WORK/hook.key.public" | run_hook "$(postgres_program psql)")" ms
}

# run_hook PSQL: for each key on standard input; prints how long one took, in milliseconds.
run_hook() {
  local key keys=() port=30000 begin end
  mapfile -t keys
  begin=$(date +%s%N)
  for key in "${keys[@]}"; do
    nsenter --net="/run/netns/$GW" env PSQL="$1" DSN="$(postgres_dsn user=daemon_login dbname=fleet)" INTERFACE="$WGS" \
      bench/hook.sh "$key" "192.0.2.2:$((port += 1))"
  done
  end=$(date +%s%N)
  for key in "${keys[@]}"; do in_ns "$GW" wg set "$WGS" peer "$key" remove; done
  awk "BEGIN { print ($end - $begin) / ${#keys[@]} / 1e6 }"
}

measure_wire() {
  say "== 200 keys one after the other, then 200 keys 50 at a time"
  register_keys 400 "$WORK/wire.key"
  daemon_config reverse
  daemon_start "$GW" "$WORK/config.yaml"
  in_ns "$GW" "$BUILD_DIR/bench/connect_latency" wire --client-keys "$WORK/wire.key" --client-namespace "$CL" \
    --responder "$GATEWAY_KEY" --floor-ms "$FLOOR_MS" --hook-rate "$HOOK_RATE" >&3
  daemon_stop
}

# first_replies COUNT COMMAND: the first ping of COUNT fresh keys, in milliseconds, one per line. COMMAND gets each key
# and its address before it pings.
first_replies() {
  local count=$1 before=$2 i address key
  for ((i = 0; i < count; i++)); do
    FIRST_REPLY_NUMBER=$((FIRST_REPLY_NUMBER + 1))
    address=10.80.$((1 + FIRST_REPLY_NUMBER / 250)).$((1 + FIRST_REPLY_NUMBER % 250))
    key=$(key_pair fresh)
    sql "SELECT wg_provision.add_peer('demo', '$key', '{$address/32}')" >/dev/null 2>&1
    in_ns "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
    in_ns "$CL" wg set "$WGC" private-key "$WORK/fresh.key"
    ip -n "$CL" address add "$address/32" dev "$WGC"
    "$before" "$key" "$address"
    in_ns "$CL" wg set "$WGC" peer "$GATEWAY_KEY" endpoint 192.0.2.1:51820 allowed-ips 10.80.0.1/32
    in_ns "$CL" ping -c 1 -w 20 -I "$address" 10.80.0.1 | sed -n 's/.*icmp_seq=1 .* time=\([0-9.]*\) ms.*/\1/p'
  done
}
FIRST_REPLY_NUMBER=0
install_beforehand() { in_ns "$GW" wg set "$WGS" peer "$1" allowed-ips "$2/32"; sleep 0.1; }
leave_to_the_daemon() { sleep 0.1; }

# measure_first_replies NAME COUNT: each greeting next to a client whose peer was there before.
measure_first_replies() {
  local name=$1 count=$2 greeting preinstalled median
  first_replies "$count" install_beforehand >"$WORK/preinstalled"
  preinstalled=$(median <"$WORK/preinstalled")
  json "$name.preinstalled" "$preinstalled" ms
  for greeting in reverse resubmit auto; do
    daemon_config "$greeting"
    daemon_start "$GW" "$WORK/config.yaml"
    first_replies "$count" leave_to_the_daemon >"$WORK/$greeting"
    daemon_stop
    say "$name, $greeting: $(tr '\n' ' ' <"$WORK/$greeting")"
    median=$(median <"$WORK/$greeting")
    json "$name.$greeting" "$median" ms "$preinstalled"
    json "$name.$greeting.difference" "$(awk "BEGIN { print $median - $preinstalled }")" ms
    json "$name.$greeting.slowest" "$(sort -n "$WORK/$greeting" | tail -n 1)" ms
  done
}

first_reply_client() {
  wg_interface "$CL" "$WGC" "$WORK/client.key" 0
  run ip -n "$CL" route add 10.80.0.1/32 dev "$WGC"
}

connect_latency() {
  if [[ ${1:-} == --in-guest ]]; then connect_latency_in_guest; return; fi
  database_start
  standard_topology
  measure_floor
  measure_hook
  measure_wire
  say "== the first reply of a real client"
  first_reply_client
  measure_first_replies first_reply "${BENCH_REPLIES:-15}"
}

# On the stock kernel, over a link without and with delay: what counts is the difference.
connect_latency_in_guest() {
  export WG_BACKEND=kernel
  database_start
  standard_topology
  first_reply_client
  measure_first_replies guest.delay_0 "${BENCH_REPLIES:-9}"
  # Half of it in each direction.
  run tc -n "$GW" qdisc add dev up0 root netem delay 50ms limit 10000
  run tc -n "$CL" qdisc add dev up0 root netem delay 50ms limit 10000
  measure_first_replies guest.delay_100 "${BENCH_REPLIES:-9}"
}
