#!/usr/bin/env bash
# The capture source sees every initiation once, whatever it is wrapped in, and nothing else.
#
#   namespace provisiond-cap-c (client)               namespace provisiond-cap-g (gateway, runs watch_source)
#
#   c0    10.77.0.2/24  fd77:0::2/64  ====veth====>   g0    10.77.0.1/24  fd77:0::1/64  (promiscuous)
#   c0.7  10.77.7.2/24  fd77:7::2/64  --VLAN 7----    g0.7  10.77.7.1/24  fd77:7::1/64
#   c1    10.77.1.2/24  fd77:1::2/64  ====veth====>   g1 in bridge br0
#                                                     br0   10.77.1.1/24  fd77:1::1/64
#   c2    10.77.2.2/24  fd77:2::2/64  ====veth====>   g2 in bond0
#                                                     bond0 10.77.2.1/24  fd77:2::1/64
#                                                     lo
#
# Needs root, ip, python3. Prints the commands that it runs, then `ok NAME`, `FAIL NAME` or, where the kernel has no
# such devices, `SKIP NAME` per check.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD_DIR=${BUILD_DIR:-$HERE/../../build/dev}
PROBE=$(find "$BUILD_DIR" -name watch_source -type f -perm -u+x | head -n 1)
[[ -n $PROBE ]] || { echo "FAIL watch_source is not built in $BUILD_DIR"; exit 1; }
C=provisiond-cap-c
G=provisiond-cap-g
PORT=51820
SCRATCH=$(mktemp -d)
PROBE_PID=
FAILED=0
# Emulated machines are ten to twenty times slower; waits are multiplied by this, promises are not.
PATIENCE=${PATIENCE:-1}

# Tries for some seconds until it succeeds: COMMAND...
wait_for() {
  local deadline=$((SECONDS + 5 * PATIENCE))
  until "$@" 2>/dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# shellcheck disable=SC2317  # called by the trap on EXIT
cleanup() {
  [[ -z $PROBE_PID ]] || kill "$PROBE_PID" 2>/dev/null || true
  ip netns del "$C" 2>/dev/null || true
  ip netns del "$G" 2>/dev/null || true
  rm -rf "$SCRATCH"
}
trap cleanup EXIT

run() {
  echo "+ $*"
  "$@"
}

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    echo "ok $name"
  else
    echo "FAIL $name"
    FAILED=1
  fi
}

# Addresses for the network 10.77.NUMBER.0/24: NUMBER CLIENT_DEVICE GATEWAY_DEVICE
give_addresses() {
  run ip -n "$C" link set "$2" up
  run ip -n "$G" link set "$3" up
  run ip -n "$C" address add "10.77.$1.2/24" dev "$2"
  run ip -n "$G" address add "10.77.$1.1/24" dev "$3"
  run ip -n "$C" address add "fd77:$1::2/64" dev "$2" nodad
  run ip -n "$G" address add "fd77:$1::1/64" dev "$3" nodad
}

HAVE_VLAN=no
HAVE_BOND=no
make_topology() {
  run ip netns add "$C"
  run ip netns add "$G"
  run ip -n "$C" link set lo up
  run ip -n "$G" link set lo up
  local i
  for i in 0 1 2; do
    run ip -n "$C" link add "c$i" type veth peer name "g$i" netns "$G"
  done

  run ip -n "$G" link set g0 promisc on
  give_addresses 0 c0 g0
  # A host that is not there, whose frames reach g0 because it is promiscuous.
  run ip -n "$C" neighbour add 10.77.0.99 lladdr 02:00:00:00:00:99 dev c0

  run ip -n "$G" link add br0 type bridge
  run ip -n "$G" link set g1 master br0
  run ip -n "$G" link set g1 up
  give_addresses 1 c1 br0

  if run ip -n "$G" link add link g0 name g0.7 type vlan id 7; then
    HAVE_VLAN=yes
    run ip -n "$C" link add link c0 name c0.7 type vlan id 7
    give_addresses 7 c0.7 g0.7
  fi
  if run ip -n "$G" link add bond0 type bond mode active-backup; then
    HAVE_BOND=yes
    run ip -n "$G" link set g2 master bond0
    run ip -n "$G" link set g2 up
    give_addresses 2 c2 bond0
  fi
}

# Starts the probe in the gateway and waits until it listens: OUTPUT ARGUMENTS...
start_probe() {
  local output=$1
  shift
  echo "+ ip netns exec $G watch_source $*"
  ip netns exec "$G" "$PROBE" "$@" >"$output" 2>&1 &
  PROBE_PID=$!
  ! wait_for grep -q '"ready"' "$output" || return 0
  cat "$output"
  echo "FAIL the probe did not start"
  exit 1
}

stop_probe() {
  kill -TERM "$PROBE_PID"
  wait "$PROBE_PID" || true
  PROBE_PID=
}

# send NAMESPACE KIND MARK DESTINATION [KEY=VALUE...]; MARK becomes the first four bytes of mac1.
send() {
  local namespace=$1
  shift
  echo "+ [$namespace] send $*"
  ip netns exec "$namespace" python3 "$HERE/send_frame.py" "$@"
}

SEEN=$SCRATCH/seen
count_of() { grep -c "\"mac1\":\"$1\"" "$SEEN" || true; }
mac_of() { # GATEWAY_DEVICE
  ip netns exec "$G" cat "/sys/class/net/$1/address"
}
# Waits for the mark. Copies that come later are found at the end.
# shellcheck disable=SC2317  # called by check
seen_once() { # MARK [TEXT THAT ITS LINE HAS]
  wait_for grep -q "\"mac1\":\"$1\"" "$SEEN" || return 1
  [[ $(count_of "$1") == 1 ]] && grep "\"mac1\":\"$1\"" "$SEEN" | grep -F -- "${2:-}" >/dev/null
}
# For marks that were sent before one that has been seen.
# shellcheck disable=SC2317  # called by check
not_seen() { [[ $(count_of "$1") == 0 ]]; }
# shellcheck disable=SC2317  # called by check
last_line_has() { tail -n 1 "$SEEN" | grep -- "$1" >/dev/null; }

# shellcheck disable=SC2317  # called by wait_for
link_local_is_settled() { # NAMESPACE DEVICE
  [[ -n $(ip -n "$1" -6 -o address show dev "$2" scope link -tentative) ]]
}

check_plain() {
  send "$C" plain 00000001 10.77.0.1 from=40001
  check "IPv4 on a veth" seen_once 00000001 '"source":"10.77.0.2:40001","scope":0,"local":"10.77.0.1:51820"'
  send "$C" plain 00000002 fd77::1 from=40002
  check "IPv6 on a veth" seen_once 00000002 '"source":"[fd77::2]:40002","scope":0,"local":"[fd77::1]:51820"'
  local ifindex
  ifindex=$(ip -n "$G" -o link show dev g0 | cut -d: -f1)
  local link_local
  link_local=$(ip -n "$G" -6 -o address show dev g0 scope link | awk '{sub("/.*", "", $4); print $4}')
  # A fresh link-local address is tentative for a moment; it has to be settled to be used.
  wait_for link_local_is_settled "$C" c0
  wait_for link_local_is_settled "$G" g0
  send "$C" plain 00000003 "$link_local%c0"
  check "IPv6 link-local gets the device as scope" seen_once 00000003 "\"scope\":$ifindex,"
  send "$G" plain 00000004 127.0.0.1
  check "IPv4 over lo" seen_once 00000004 '"source":"127.0.0.1:'
  send "$G" plain 00000005 fd77::1
  check "IPv6 to itself over lo" seen_once 00000005 '"source":"[fd77::1]:'
}

# A network on a stacked device: NAME NUMBER HAVE
check_stack() {
  if [[ $3 == no ]]; then
    echo "SKIP IPv4 and IPv6 on a $1: this kernel has no such devices"
    return
  fi
  send "$C" plain "0000001$2" "10.77.$2.1"
  check "IPv4 on a $1, once" seen_once "0000001$2" "\"source\":\"10.77.$2.2:"
  send "$C" plain "0000002$2" "fd77:$2::1"
  check "IPv6 on a $1, once" seen_once "0000002$2" "\"source\":\"[fd77:$2::2]:"
}

check_stacked() {
  check_stack bridge 1 yes
  check_stack bond 2 "$HAVE_BOND"
  check_stack VLAN 7 "$HAVE_VLAN"
  send "$C" tagged 00000019 10.77.0.1 device=c0 gateway="$(mac_of g0)" vlan=9
  send "$C" tagged 00000018 10.77.0.1 device=c0 gateway="$(mac_of g0)" vlan=0
  check "a priority tag (VLAN 0)" seen_once 00000018
  check "a VLAN that the gateway is not in" not_seen 00000019
}

check_wrapped() {
  send "$C" v4-options 00000061 10.77.0.1
  check "IPv4 options" seen_once 00000061
  send "$C" v6-options 00000062 fd77::1 headers=IPV6_HOPOPTS
  check "IPv6 hop-by-hop options" seen_once 00000062
  send "$C" v6-options 00000063 fd77::1 headers=IPV6_DSTOPTS
  check "IPv6 destination options" seen_once 00000063
  send "$C" v6-options 00000064 fd77::1 headers=IPV6_HOPOPTS,IPV6_DSTOPTS
  check "IPv6 hop-by-hop and destination options" seen_once 00000064
  send "$C" v6-chain 00000065 fd77::1 sizes=8,16,8,24,8,8
  check "IPv6 with more extension headers than the kernel filter walks" seen_once 00000065
}

# Nothing here may be seen; the last packet is the proof that the probe is past them.
check_others() {
  send "$C" plain 00000031 10.77.0.1 port=51821
  send "$C" sized 00000032 10.77.0.1 size=147
  send "$C" sized 00000033 fd77::1 size=149
  send "$C" typed 00000034 10.77.0.1 type=4
  send "$C" typed 00000035 fd77::1 type=2
  send "$C" plain 00000036 10.77.0.99
  send "$G" plain 00000037 10.77.0.2
  send "$G" plain 00000038 fd77::2
  send "$C" v4-fragments 00000039 10.77.0.1
  send "$C" v6-fragments 0000003a fd77::1
  send "$C" v6-chain 0000003b fd77::1 sizes=8,8,8,8,8,8,8,8,8
  send "$C" v6-chain 0000003c fd77::1 sizes=400
  send "$C" v4-spoofed 0000003d 10.77.0.1 source=224.0.0.1
  send "$C" v4-spoofed 0000003e 10.77.0.1 source=127.0.0.1
  send "$C" v4-spoofed 0000003f 10.77.0.1 source=10.77.0.2 from=0
  send "$C" plain 00000040 10.77.0.1
  send "$C" plain 00000041 fd77::1
  check "the probe is still there (IPv4)" seen_once 00000040
  check "the probe is still there (IPv6)" seen_once 00000041
  check "another port, from which it may be redirected" seen_once 00000031 '"redirected":true'
  check "147 bytes" not_seen 00000032
  check "149 bytes" not_seen 00000033
  check "data (type 4)" not_seen 00000034
  check "response (type 2)" not_seen 00000035
  check "a frame for another host" not_seen 00000036
  check "what the gateway sends (IPv4)" not_seen 00000037
  check "what the gateway sends (IPv6)" not_seen 00000038
  check "IPv4 fragments" not_seen 00000039
  check "IPv6 fragments" not_seen 0000003a
  check "nine extension headers" not_seen 0000003b
  check "an extension header of 400 bytes" not_seen 0000003c
  check "a multicast source" not_seen 0000003d
  check "a loopback source from outside" not_seen 0000003e
  check "source port 0" not_seen 0000003f
}

check_refusals_have_names() {
  check "nothing was seen twice" test -z "$(grep -o '"mac1":"[0-9a-f]*"' "$SEEN" | sort | uniq -d)"
  check "two first fragments were refused by name" last_line_has '"fragment":2[,}]'
  check "one chain of headers was refused by name" last_line_has '"extension_unsupported":1[,}]'
  check "one truncated packet was refused by name" last_line_has '"truncated":1[,}]'
  check "three sources were refused by name" last_line_has '"impossible_source":3[,}]'
  check "nothing else was refused" last_line_has '"refused":7,'
  check "nothing was lost" last_line_has '"kernel_drops":0,'
}

check_kernel_drops() {
  SEEN=$SCRATCH/drops
  start_probe "$SEEN" --port "$PORT" --seconds $((60 * PATIENCE)) --buffer 4096 --deaf
  send "$C" plain 00000051 10.77.0.1 count=2000
  stop_probe
  tail -n 1 "$SEEN"
  local seen dropped
  seen=$(count_of 00000051)
  dropped=$(tail -n 1 "$SEEN" | sed -n 's/.*"kernel_drops":\([0-9]*\),.*/\1/p')
  check "a full buffer loses packets and counts each" test "$seen" -gt 0 -a $((seen + dropped)) -eq 2000
  check "the loss is in the metrics" last_line_has "\"kernel_buffer\":${dropped}[,}]"
}

make_topology
# The most interfaces that can be watched at once, so that the largest filter is the one tested.
start_probe "$SEEN" --port "$PORT" --seconds $((120 * PATIENCE)) --decoys 254
check_plain
check_stacked
check_wrapped
check_others
stop_probe
tail -n 1 "$SEEN"
check_refusals_have_names
check_kernel_drops
exit "$FAILED"
