#!/usr/bin/env bash
# The promises that need Debian's stock kernel, in two boots: a small init runs the guest's
# selftest, the netlink back end against the real device, and the integration scenarios that touch
# it; systemd runs the installed service. Ends with one line, "N passed, N failed", for both.
#
#   tests/guest/scenarios.sh [kernel] [systemd]     one or both of the boots; about ten minutes
#
#   BUILD_DIR    where the binaries are             (default build/dev)
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD_DIR=${BUILD_DIR:-$PWD/build/dev}
[[ $BUILD_DIR == /* ]] || BUILD_DIR=$PWD/$BUILD_DIR

# Those in which the device does something; the others are about packets, SQL and settings, and the
# integration suite has them.
greeted=(first_contact_ipv4 first_contact_ipv6 preshared_key keepalive gateway_with_two_addresses)
others=(replayed_initiation flood_of_random_keys cookies_under_load interface_made_again
  private_key_changed killed_between_lookup_and_install two_interfaces_two_networks
  restart_keeps_tunnels secrets no_descriptor_leak)

# What the boot called kernel runs, in the guest.
device_exercise() {
  local status=0
  ip netns add exercise
  ip -n exercise link set lo up
  ip -n exercise link add wgx type wireguard
  ip netns exec exercise wg set wgx private-key <(wg genkey)
  ip -n exercise link set wgx up
  ip netns exec exercise "$BUILD_DIR/tests/device_exercise" wgx --backend netlink || status=$?
  ip netns delete exercise
  return "$status"
}
in_guest() {
  tests/guest/selftest.sh || true
  device_exercise || true
  tests/integration/run.sh --retries 1 --greetings "reverse resubmit" "${greeted[@]}" "${others[@]}"
}

# boot MODE COMMAND...: counts the lines that say ok and FAIL; a boot without any has failed.
boot() {
  local mode=$1 status=0; shift
  printf '== the stock kernel, %s\n' "$mode"
  tests/guest/run.sh "$mode" --timeout 1500 --env "BUILD_DIR=$BUILD_DIR" --env PATIENCE=5 \
    --env LOG_DIR=/tmp/test-logs --env WG_BACKEND=kernel -- "$@" 2>&1 | tee "$work/$mode" ||
    status=$?
  local good bad
  good=$(grep -cE '^ok ' "$work/$mode" || true)
  bad=$(grep -cE '^FAIL' "$work/$mode" || true)
  if ((bad == 0 && (good == 0 || status != 0))); then
    printf 'FAIL the boot ended with status %s\n' "$status"
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

if [[ ${1:-} == in-guest ]]; then in_guest; exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
(($# > 0)) || set -- kernel systemd
for which in "$@"; do
  case $which in
    kernel) boot exec tests/guest/scenarios.sh in-guest ;;
    systemd) boot systemd tests/guest/systemd_service.sh ;;
    *) sed -n '2,8s/^# \{0,1\}//p' tests/guest/scenarios.sh >&2; exit 2 ;;
  esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
