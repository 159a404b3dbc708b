#!/usr/bin/env bash
# The promises that need Debian's kernel, in three boots: a small init runs the guest's selftest, the
# netlink back end against the real device, and the integration scenarios that touch it; systemd runs
# the installed service; and with the patched module a small init runs what needs the kernel's own
# events. Ends with one line, "N passed, N failed", for all.
#
#   tests/guest/scenarios.sh [kernel] [systemd] [patched]   some or all of the boots; half an hour
#   tests/guest/scenarios.sh only NAME[@SOURCE]...          these scenarios alone, on the stock kernel;
#                                                           NAME@netlink: all with the patched module
#
#   BUILD_DIR    where the binaries are             (default build/dev)
set -euo pipefail
cd "$(dirname "$0")/../.."
export BUILD_DIR=${BUILD_DIR:-$PWD/build/dev}
[[ $BUILD_DIR == /* ]] || BUILD_DIR=$PWD/$BUILD_DIR

# Those in which the device does something; the others are about packets, SQL and settings, and the
# integration suite has them.
greeted=(preshared_key keepalive gateway_with_two_addresses)
others=(killed_between_stages restart_keeps_tunnels peers_from_before secrets no_descriptor_leak)

# Which scenario runs with which event sources: capture and probe on the stock kernel, netlink with the
# patched module. The last ones are in tests/guest/scenarios.
by_source="
first_contact_ipv4               capture probe netlink
first_contact_ipv6               capture probe netlink
forged_key                       capture probe netlink
replayed_initiation              capture probe netlink
flood_of_random_keys             capture probe netlink
unknown_key_added_later          probe netlink
changes_at_once                  probe netlink
enrolment_on_trial               probe netlink
pending_key_approved             probe
interface_made_again             probe netlink
private_key_changed              probe netlink
two_interfaces_two_networks      probe netlink
cookies_under_load               capture
sources_agree                    probe netlink
only_handshakes                  probe netlink
kernel_under_load                probe netlink
cross_check                      probe netlink
module_removed_and_loaded_again  probe netlink
tiny_ring_buffer                 probe
refused_in_kernel                probe
source_fails_and_comes_back      probe
clock_set                        probe
"
# Those that leave the choice to the daemon.
automatic=(userspace_device_beside_module missing_capability)

# with_sources SOURCE...: the table's rows as NAME@SOURCE, as far as they name one of these.
with_sources() {
  local name sources source
  while read -r name sources; do
    for source in $sources; do
      [[ " $* " != *" $source "* ]] || printf '%s@%s\n' "$name" "$source"
    done
  done <<<"$by_source"
}

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
  tests/integration/run.sh --retries 1 --greetings "reverse resubmit" "${greeted[@]}" "${others[@]}" ||
    true
  # shellcheck disable=SC2046  # a list
  tests/integration/run.sh --retries 1 --greetings reverse $(with_sources capture probe) \
    "${automatic[@]}"
}

# What the boot called patched runs, in the guest.
in_patched_guest() {
  tests/guest/unknown_peer_event.sh || true
  # shellcheck disable=SC2046  # a list
  tests/integration/run.sh --retries 1 --greetings reverse $(with_sources netlink)
}

# boot NAME MODE [OPTION...] -- COMMAND...: counts the lines that say ok and FAIL; a boot without any
# has failed.
boot() {
  local name=$1 mode=$2 status=0; shift 2
  printf '== the boot called %s, %s, after %d s\n' "$name" "$mode" "$SECONDS"
  tests/guest/run.sh "$mode" --timeout 3000 --env "BUILD_DIR=$BUILD_DIR" --env PATIENCE=5 \
    --env LOG_DIR=/tmp/test-logs --env WG_BACKEND=kernel "$@" 2>&1 | tee "$work/$name" || status=$?
  local good bad
  good=$(grep -cE '^ok ' "$work/$name" || true)
  bad=$(grep -cE '^FAIL' "$work/$name" || true)
  if ((bad == 0 && (good == 0 || status != 0))); then
    printf 'FAIL the boot ended with status %s\n' "$status"
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

# boot_patched NAME COMMAND...: a module that cannot be built is a failure of the boot that needs it.
boot_patched() {
  local module=
  module=$(tests/guest/wireguard_module.sh) || true
  boot "$1" exec --wireguard "$module" -- "${@:2}"
}
boot_only() {
  local command=(tests/integration/run.sh --greetings "reverse resubmit" "$@")
  if [[ " $* " == *"@netlink "* ]]; then boot_patched only "${command[@]}"; return; fi
  boot only exec -- "${command[@]}"
}

case ${1:-} in
  in-guest) in_guest; exit ;;
  in-patched-guest) in_patched_guest; exit ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
(($# > 0)) || set -- kernel systemd patched
if [[ $1 == only ]]; then boot_only "${@:2}"; set --; fi
for which in "$@"; do
  case $which in
    kernel) boot kernel exec -- tests/guest/scenarios.sh in-guest ;;
    systemd) boot systemd systemd -- tests/guest/systemd_service.sh ;;
    patched) boot_patched patched tests/guest/scenarios.sh in-patched-guest ;;
    *) sed -n '2,11s/^# \{0,1\}//p' tests/guest/scenarios.sh >&2; exit 2 ;;
  esac
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
