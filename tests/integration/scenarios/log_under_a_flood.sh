#!/usr/bin/env bash
# slow
# A flood of handshakes that are refused writes ten lines a minute and how many more there were, not a line
# for each: less than a megabyte an hour, while every refusal is counted. A single refusal is a line.
# Nothing stops them before the database, whose refusals are written.
#
#   CL2  knock, 220 a second ---- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {known-key-filter: false}"
sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"

knock "$CL" key --private-key-file <(wg genkey)
check "a single refusal is a line" wait_for 3 is_refused unknown_key
size() { stat -c %s "$WORK/daemon.log"; }
refused() { metric 'refusals_total{reason="unknown_key"}'; }
before=$(size)
known=$(refused)
begun=$SECONDS
background "$WORK/crowd.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" random --count 15400 --rate 220 \
  --responder "$GATEWAY_KEY" --to 198.51.100.1:51820 --source-prefix 198.18.0.0/15 --source-spread 15400
has_summary() { has_logged ' refused, lines left out reason=unknown_key count=[0-9]+$'; }
check "a minute has its summary" wait_for 75 has_summary
seconds=$((SECONDS - begun))
written=$(($(size) - before))
more=$(($(refused) - known))
wait "${PIDS[-1]}" || true
say "  | $more refused in $seconds s, $written bytes"
check "many were refused" test "$more" -gt 5000
check "what is written comes to less than a megabyte an hour" test "$((written * 3600 / seconds))" -lt 1000000
check "the rest is counted" metric_at_least log_lines_suppressed_total "$((more / 2))"
