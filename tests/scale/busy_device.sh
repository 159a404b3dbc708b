#!/usr/bin/env bash
# A gateway with very many peers on the kernel's own device, which is never at rest: devices knock all the time and
# get in, others knock and say nothing more, others are revoked or go idle, all in the same minute. Every change
# interrupts the list of peers that a pass reads, so nothing here may need a list that is whole.
#
#   tests/scale/busy_device.sh FOLDER     which prepare.sh has filled; tests/guest/scenarios.sh scale does both
#
# How large it is stands in numbers.sh. Its figures are lines that begin with "==".
#
#   CL  crowd 198.18.0.0/15 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=../integration/crowd.sh
source "$ROOT/tests/integration/crowd.sh"
[[ $WG_BACKEND == kernel ]] || { say "FAIL this takes the kernel's devices: WG_BACKEND=kernel"; exit 1; }

# shellcheck source=numbers.sh
source "$ROOT/tests/scale/numbers.sh"

folder=$(realpath "${1:?the folder of prepare.sh}")
interval=10 # of the passes
deadline=15 # for the first session
idle_timeout=180

# reached SECONDS: the machine's clock is that far. stage WORDS...: what begins, and when.
uptime() { local up _; read -r up _ </proc/uptime; printf '%s' "${up%.*}"; }
reached() { (($(uptime) >= $1)); }
sleep_until() { until reached "$1"; do sleep 1; done; }
stage() { say "== at $(uptime) s: $*"; }

# The script of a session that revokes some of them each second, and tells when.
revocations() {
  awk -v at_once="$revoked_at_once" '
    { keys = keys (keys ? ", " : "") "(\x27" $1 "\x27)" }
    NR % at_once == 0 {
      print "SELECT pg_sleep(0.95);"
      print "SELECT \x27revoked\x27, to_char(clock_timestamp() AT TIME ZONE \x27UTC\x27, \x27HH24:MI:SS.US\x27),"
      print "       key, wg_provision.revoke_peer(key) FROM (VALUES " keys ") v(key);"
      keys = ""
    }' "$folder/revoked.keys"
}
# From each revocation's statement to the line that tells of its effect: the longest in ms, and how many there are.
revocation_delays() {
  awk 'function seconds(time) { split(time, part, ":"); return (part[1] * 60 + part[2]) * 60 + part[3] }
    $1 == "revoked" { begun[$3] = seconds($2); next }
    / removed .*reason=revoked/ {
      match($0, /key=[^ ]+/)
      key = substr($0, RSTART + 4, RLENGTH - 4)
      if (!(key in begun)) next
      delay = 1000 * (seconds(substr($1, 12, 15)) - begun[key])
      if (delay < 0) delay += 86400000
      if (delay > longest) longest = delay
      ++count
    }
    END { printf "%d %d\n", longest, count }' "$WORK/revoked.times" "$WORK/daemon.log"
}

tar -C "$WORK" -xf "$folder/fleet.tar"
FLEET_TEMPLATE=$WORK/data
database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo <<YAML
watch:
  interval: ${interval}s
greet:
  deadline: ${deadline}s
evict:
  idle-timeout: ${idle_timeout}s
YAML
sed -i 's/level: debug/level: info/' "$WORK/config.yaml"

# Nobody shall wait for the host's disk, which seems slow where idle time is passed over.
# shellcheck disable=SC2046  # a list
warm() { cat "$1" $(ldd "$1" | awk '$3 ~ /^\// { print $3 }') >/dev/null; }
warm "$BUILD_DIR/service/wg-provisiond"

stage "some peers connect, and are not heard of again"
in_ns "$GW" wg addconf "$WGS" "$folder/idle.conf"
printf 'come\n' | in_ns "$CL" "$BUILD_DIR/tests/crowd" --private-key-file "$folder/idle.key" \
  --responder "$GATEWAY_KEY" --to 192.0.2.1:51820 | tee "$WORK/idlers"
check "they have sessions" grep -q "\"up\":$idlers," "$WORK/idlers"
stage "the daemon starts"
daemon_start "$GW" "$WORK/config.yaml" nice -n -5
check "they are adopted" wait_for 20 metric_is peers_adopted_total "$idlers"
silent_since=$(uptime) # a session from before the daemon counts from its start

# They never have a session, so they are idle when the daemon has known them for the timeout: after the end.
sleep_until "$((silent_since + 80))"
stage "$((peers - idlers)) more peers come onto the device"
in_ns "$GW" wg addconf "$WGS" "$folder/peers.conf"
check "all are adopted" wait_for 60 metric_is peers_adopted_total "$peers"
stage "all are adopted"
crowd_start "$folder/new.key" "$rate"
sleep_until "$((silent_since + idle_timeout - seconds / 2))"

stage "$rate newcomers a second begin to come"
busy_since=$(uptime)
revocations >"$WORK/revocations.sql"
background "$WORK/revoked.times" psql "$(postgres_dsn dbname=fleet)" -XqAt -F ' ' -v ON_ERROR_STOP=1 -f "$WORK/revocations.sql"
revoking=${PIDS[-1]}
background "$WORK/silent.log" ip netns exec "$CL" "$BUILD_DIR/tests/knock" key --private-key-file "$folder/silent.key" \
  --responder "$GATEWAY_KEY" --to 192.0.2.1:51820 --rate "$(awk -v n="$silent" -v s="$seconds" 'BEGIN { print n / s }')"
crowd_comes
stage "the last of them has come, after $(($(uptime) - busy_since)) s"

check "each newcomer has a session" crowd_is_up
# A pass tells of a session, and takes a tenth of the time.
check "the daemon saw each of them" wait_for 5 metric_is peers_connected_total "$newcomers"
check "the silent are off the device at their deadline" \
  wait_for "$((deadline + 5))" refused_times never_connected "$silent"
wait "$revoking" || say "FAIL the revoking session ended with $?"
sleep 1
read -r slowest count < <(revocation_delays)
say "== $count revocations, the slowest took effect after $slowest ms"
check "each revocation took effect" test "$count" -eq "$((revoked_at_once * seconds))"
check "within a second" test "$slowest" -lt 1000
sleep_until "$((silent_since + idle_timeout + 2 * interval + 1))"
check "no idle peer has stayed longer than two passes" metric_is 'evictions_total{reason="idle"}' "$idlers"
check "the device has exactly the others" \
  peers_are "$GW" "$WGS" "$((peers - idlers - revoked_at_once * seconds + newcomers))"
check "every sighting is accounted for" wait_for 10 all_accounted_for
check "passes were interrupted" metric_at_least incomplete_passes_total 1
check "none has failed" metric_is device_errors_total 0
metrics | awk '/^wg_provisiond_(watch_pass_duration|loop_turn|first_handshake_duration)_seconds_(sum|count)|^wg_provisiond_incomplete|^wg_provisiond_thread_cpu/ { print "==", $0 }
  /^wg_provisiond_loop_turn_seconds_bucket/ { print "==", $0 }'
longest=$(control status --json | sed -nE 's/.*"longest_turn_seconds": ([0-9.]+).*/\1/p')
say "== the longest turn took $longest s"
check "no turn took 50 ms" awk -v longest="$longest" 'BEGIN { exit !(longest < 0.050) }'
stage "done"
