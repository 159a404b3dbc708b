#!/usr/bin/env bash
# Routes of ours come and go; nobody else's is replaced, listed or removed, not even by the same prefix.
#
#   namespace wgp-routes-PID    d0 10.80.0.1/16 fd80::1/64    d1 192.0.2.1/24    (one end each of a veth pair)
#
# Needs root and ip. Prints the commands that it runs, then `ok NAME` or `FAIL NAME` per check.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD_DIR=${BUILD_DIR:-$HERE/../../build/dev}
EXERCISE=$BUILD_DIR/tests/route_exercise
ROUTES=${ROUTES:-100000}
NS=wgp-routes-$$
FAILED=0

trap 'ip netns delete "$NS" 2>/dev/null || true' EXIT

run() { printf '+ %s\n' "$*"; "$@"; }
check() { # NAME COMMAND...
  local name=$1; shift
  if "$@"; then echo "ok $name"; else echo "FAIL $name"; FAILED=1; fi
}
# ours ARGUMENTS...: of the program, on d0. refuses PREFIX: somebody else has it.
ours() { ip netns exec "$NS" "$EXERCISE" d0 "$@"; }
refuses() { local status=0; ours --add "$1" || status=$?; ((status == 3)); }
is_listed() { ours --listed "${@:2}" | grep -xF "$1" >/dev/null; }
is_there() { # PREFIX ARGUMENTS...
  local family=-4
  [[ $1 != *:* ]] || family=-6
  [[ -n $(ip -n "$NS" "$family" route show "$@") ]]
}

run ip netns add "$NS"
run ip -n "$NS" link add d0 type veth peer name p0
run ip -n "$NS" link add d1 type veth peer name p1
for device in lo d0 d1 p0 p1; do run ip -n "$NS" link set "$device" up; done
run ip -n "$NS" address add 10.80.0.1/16 dev d0
run ip -n "$NS" address add fd80::1/64 dev d0 nodad
run ip -n "$NS" address add 192.0.2.1/24 dev d1

check "$ROUTES routes in the main table" ours --routes "$ROUTES"
check "and in another one" ours --routes 2000 --table 1000

run ip -n "$NS" route add 198.51.100.0/24 via 192.0.2.9
run ip -n "$NS" -6 route add 2001:db8:5::/48 dev d1
check "a route in the way is refused" refuses 198.51.100.0/24
check "over IPv6 too" refuses 2001:db8:5::/48
check "and stays" is_there 198.51.100.0/24 via 192.0.2.9
check "it is not listed" eval '! is_listed 198.51.100.0/24'
check "to remove it is to find nothing" ours --remove 198.51.100.0/24
check "it is there" is_there 198.51.100.0/24 via 192.0.2.9
check "over IPv6 too" ours --remove 2001:db8:5::/48
check "it is there too" is_there 2001:db8:5::/48 dev d1

run ip -n "$NS" route add 203.0.113.0/24 dev d0
run ip -n "$NS" -6 route add 2001:db8:6::/48 dev d0
check "a route by hand to the same interface is not removed" ours --remove 203.0.113.0/24
check "it is there" is_there 203.0.113.0/24 dev d0
check "over IPv6 neither" ours --remove 2001:db8:6::/48
check "it is there too" is_there 2001:db8:6::/48 dev d0

run ip -n "$NS" route add 198.18.0.0/24 dev d1 proto 151
check "a route of ours to another interface is not removed" ours --remove 198.18.0.0/24
check "it is there" is_there 198.18.0.0/24 dev d1
check "nor listed" eval '! is_listed 198.18.0.0/24'

check "a route in one table" ours --add 198.18.1.0/24 --table 1000
check "is not in another" eval '! is_listed 198.18.1.0/24'
check "nor removed there" ours --remove 198.18.1.0/24
check "it is in its own" is_listed 198.18.1.0/24 --table 1000

check "a default route is one as well, in a table of its own" ours --add 0.0.0.0/0 --table 1000
check "it is listed" is_listed 0.0.0.0/0 --table 1000
check "it is there" is_there default table 1000 proto 151
run ip -n "$NS" link delete d0
check "with the interface its routes go" eval '! is_there default table 1000 proto 151'
exit "$FAILED"
