#!/usr/bin/env bash
# Whoever reads the daemon's standard error hangs, reads again, and goes. Tunnels, revocations and status do
# not wait for it; what was lost is counted, and the log says so at its place. A hangup ends nothing.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 == 198.51.100.1 up1
source "$(dirname "$0")/../lib.sh"

# reads FROM: passes on what the daemon writes, as a log driver does. fill FROM: until not a byte more goes in, through an
# open file of its own.
reads() { background "$WORK/daemon.log" cat "$1"; READER=${PIDS[-1]}; }
fill() {
  python3 - "$1" <<'PY'
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
for line in (b"x" * 4095 + b"\n", b"\n"):
    try:
        while True: os.write(fd, line)
    except BlockingIOError: pass
PY
}
is_gone_from_device() { ! in_ns "$GW" wg show "$WGS" peers | grep -F "$1" >/dev/null; }

database_start
standard_topology
second_client
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
write_config "$WORK/config.yaml" "$WGS" demo
run mkfifo "$WORK/pipe"
exec {held}<>"$WORK/pipe" # keeps it open without reading
reads "$WORK/pipe"
# shellcheck disable=SC2016  # the inner shell's
daemon_start "$GW" "$WORK/config.yaml" sh -c 'pipe=$1; shift; exec "$@" 2>"$pipe"' sh "$WORK/pipe"
client_start
check "a client connects" pings "$CL" 10.80.0.1 8
check "the daemon listens" wait_for 5 metric_is change_feed_up 1

say "the reader hangs"
run kill -STOP "$READER"
fill "$WORK/pipe"
wg_interface "$CL2" "$WGC2" "$WORK/client2.key"
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another client connects" pings "$CL2" 10.80.0.1 12
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'stolen')" >/dev/null
check "who is revoked is cut" wait_for 3 is_gone_from_device "$CLIENT_KEY"
check "status answers" timeout 6 "$BUILD_DIR/service/wg-provisionctl" status --socket "$WORK/control.sock"
knock "$CL" random --count 300 --rate 150 >/dev/null
check "lines are lost, and counted" wait_for 8 metric_at_least log_lines_lost_total 1

say "it reads again"
run kill -CONT "$READER"
check "the log says what it has lost" wait_for 3 has_logged ' warning [0-9]+ log lines lost$'
run kill -HUP "$DAEMON_PID"
check "and goes on: a hangup is answered" wait_for 3 has_logged ' nothing is reloaded'

say "it goes"
exec {held}>&-
run end_process "$READER"
knock "$CL" random --count 3 >/dev/null
lost=$(metric log_lines_lost_total)
check "what nobody reads is counted" wait_for 3 test "$lost" -gt 0
check "the daemon lives" kill -0 "$DAEMON_PID"
redial "$CL2" "$WGC2" 198.51.100.1:51820
check "and its tunnels" pings "$CL2" 10.80.0.1 12
run kill "$DAEMON_PID"
check "and stops when it is told to" daemon_ends
check "as it should" test "$DAEMON_STATUS" = 0
