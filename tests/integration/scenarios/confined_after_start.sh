#!/usr/bin/env bash
# Started by hand as root, the daemon does not stay root in effect: no thread of it has a capability
# beyond CAP_NET_ADMIN and CAP_NET_RAW, and what an attacker would call is refused or ends it. It
# serves all the same: a device that comes later, a database that was away, a control socket of a group.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"  reconnect-maximum: 300ms"
sed -i "s,^  socket: .*,&\n  group: games," "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"

# all_threads LINE VALUE: each has this in /proc/PID/task/TID/status. The thread sanitizer's own is older than main().
all_threads() {
  local file
  ! grep -qs '^PROVISIOND_SANITIZE:STRING=.*thread' "$BUILD_DIR/CMakeCache.txt" || { say "SKIPPED: its own thread"; return; }
  for file in "/proc/$DAEMON_PID/task"/*/status; do
    [[ $(awk -v name="$1:" '$1 == name { print $2 }' "$file") == "$2" ]] ||
      { say "  | $(grep -E '^(Name|Cap|NoNew|Seccomp:)' "$file" | tr -s '\n\t' ' ')"; return 1; }
  done
}
check "it was started as root" test "$(stat -c %u "/proc/$DAEMON_PID")" = 0
for set in CapEff CapPrm CapBnd; do
  check "$set is CAP_NET_ADMIN and CAP_NET_RAW in every thread" all_threads "$set" 0000000000003000
done
for set in CapInh CapAmb; do check "$set is empty" all_threads "$set" 0000000000000000; done
check "no privileges can be got" all_threads NoNewPrivs 1
check "system calls are filtered in every thread" all_threads Seccomp 2
check "the log says what is left" has_logged ' confined uid=0 capabilities=cap_net_admin,cap_net_raw$'
check "the control socket is the group's" test "$(stat -c '%G %a' "$WORK/control.sock")" = 'games 660'

# The child that loads the probe, where this user may: it has no right over the network.
loader=$(cat "/proc/$DAEMON_PID/task/$DAEMON_PID/children")
if [[ -n $loader ]]; then
  loader=${loader%% *}
  check "the probe loader can only load programs" grep -qE '^CapEff:\s+000000c000200000$' "/proc/$loader/status"
  check "its system calls are filtered" grep -qE '^Seccomp:\s+2$' "/proc/$loader/status"
fi

client_start
check "a client connects" pings "$CL" 10.80.0.1 8
wg_interface_delete "$GW" "$WGS"
check "the daemon misses its interface" wait_for 5 has_logged ' interface gone, '
wg_interface "$GW" "$WGS" "$WORK/gateway.key" 51820 10.80.0.1/16 fd80::1/64
check "made again, it is served" wait_for 8 log_grows ' serving interface ' 1
run postgres_stop
check "the database is missed" wait_for 8 has_logged ' (database session|change feed) lost'
run postgres_launch
check "and found again" wait_for 8 log_grows ' database session connected ' 2
redial "$CL" "$WGC" 192.0.2.1:51820
check "the client connects again" pings "$CL" 10.80.0.1 13

# What code of an attacker would get that runs in the daemon.
calls() { "$BUILD_DIR/tests/inject_call" "$DAEMON_PID" "$@"; }
if [[ $(uname -m) == x86_64 ]]; then
  no_path=0 # EFAULT, had the call got so far
  check "a file is not opened for writing" test "$(calls 257 0 "$no_path" 1)" = EPERM
  check "nor made" test "$(calls 257 0 "$no_path" 64)" = EPERM
  check "one is opened for reading" test "$(calls 257 0 "$no_path" 0)" = EFAULT
  check "no user is taken on" test "$(calls 105 1000)" = ENOSYS
  check "no other process is signalled" test "$(calls 62 1 0)" = ENOSYS
  check "the daemon goes on" control_says '^draining +no' status
  check "it executes nothing" test "$(calls 59 "$no_path")" = "killed by SIGSYS"
  check "and ends rather" daemon_ends
  check "its loader ends with it" wait_for 3 test ! -e "/proc/${loader:-none}"
  daemon_start "$GW" "$WORK/config.yaml"
  check "it mounts nothing" test "$(calls 165 0 0 0)" = "killed by SIGSYS"
  daemon_ends
  daemon_start "$GW" "$WORK/config.yaml"
fi
daemon_stop

sed -i 's/:9587/:987/' "$WORK/config.yaml"
before=$(logged ' ready ')
daemon_launch "$GW" "$WORK/config.yaml"
check "it serves metrics below port 1024" wait_for 15 log_grows ' ready ' "$before"
check "for which it keeps CAP_NET_BIND_SERVICE" all_threads CapEff 0000000000003400
check "they are there" in_net "$GW" bash -c 'exec 3<>/dev/tcp/127.0.0.1/987'
daemon_stop
check "stopped, it takes its socket away" test ! -e "$WORK/control.sock"
