#!/usr/bin/env bash
# The promises that need Debian's kernel, in boots of an emulated machine, two for each processor at a time. Each has
# one processor whose clock counts its instructions, so that no wait depends on what else this host does.
# Each line begins with its boot's name; the last one is "N passed, N failed", for all.
#
#   tests/guest/scenarios.sh [BOOT]...              some or all of:
#     probe     by the kernel probe, on the stock kernel: what every source does; and the same by capture
#     events    by the kernel probe: what only the kernel's events can do, and what the daemon chooses by itself
#     patched   by the events of the patched module
#     device    the netlink back end and the peers on the kernel's own device
#     systemd   the service as its packages install it
#     scale     very many peers on the kernel's own device
#   tests/guest/scenarios.sh only NAME[@SOURCE]...  these scenarios alone, on the stock kernel;
#                                                   NAME@netlink: all with the patched module
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
# patched module. Each promise is kept once on the kernel's own device. What a source adds to it is who
# reports what, which sources_agree and only_handshakes hold for both of the kernel's sources; behind a
# sighting the way is the same. The last ones are in tests/guest/scenarios.
by_source="
first_contact_ipv4               capture probe netlink
first_contact_ipv6               probe netlink
forged_key                       probe
replayed_initiation              probe
unknown_key_added_later          probe
changes_at_once                  probe
enrolment_on_trial               netlink
pending_key_approved             probe
interface_made_again             probe netlink
private_key_changed              probe
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

# of_the_guest: the names of tests/guest/scenarios, by the probe.
of_the_guest() { basename -a -s .sh tests/guest/scenarios/*.sh | sed 's/$/@probe/'; }

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
in_guest() { tests/integration/run.sh --share-database "$@"; }
# What the boot of that name runs, in the guest.
# shellcheck disable=SC2046  # lists
run_boot() {
  case $1 in
    probe) in_guest --greetings reverse $(with_sources probe | grep -vxF "$(of_the_guest)") $(with_sources capture) ;;
    events) in_guest --greetings reverse $(with_sources probe | grep -xF "$(of_the_guest)") "${automatic[@]}" ;;
    patched)
      tests/guest/unknown_peer_event.sh || true
      in_guest --greetings reverse $(with_sources netlink) ;;
    device)
      tests/guest/selftest.sh || true
      device_exercise || true
      in_guest --greetings "reverse resubmit" "${greeted[@]}" "${others[@]}" ;;
    systemd) tests/guest/systemd_service.sh ;;
    scale) tests/scale/busy_device.sh build/guest/scale ;;
    once)
      tests/guest/selftest.sh || true
      device_exercise || true
      in_guest --greetings reverse first_contact_ipv4@probe first_contact_ipv4@capture refused_in_kernel@probe ;;
    only) in_guest --greetings "reverse resubmit" "${@:2}" ;;
  esac
}

# boot NAME [ARGUMENT...]: a module that cannot be built is a failure of the boot that needs it.
boot() {
  local mode=exec clock=--count-instructions insert=()
  [[ $1 != systemd ]] || mode=systemd
  [[ $1 != scale ]] || clock=--skip-idle-time # it mostly waits for sessions to end
  if [[ $1 == patched || " $* " == *"@netlink "* ]]; then
    insert=(--wireguard "$(tests/guest/wireguard_module.sh || true)")
  fi
  exec tests/guest/run.sh "$mode" "$clock" --timeout 3600 --env "BUILD_DIR=$BUILD_DIR" \
    --env PATIENCE=2 --env LOG_DIR=/tmp/test-logs --env WG_BACKEND=kernel --env "FLEET_ARCHIVE=$archive" \
    "${insert[@]}" -- \
    tests/guest/scenarios.sh in-guest "$@"
}

# What two boots would make at the same time is made before them, and what takes long in a machine. The patched module is
# made while the first ones run: its boot comes last.
archive=$PWD/build/guest/fleet.tar
prepare() {
  mkdir -p "${archive%/*}"
  tests/integration/run.sh --make-archive "$archive"
  [[ " $* " != *" scale "* ]] || FLEET_ARCHIVE=$archive tests/scale/prepare.sh build/guest/scale >"$work/scale.log" 2>&1 ||
    { cat "$work/scale.log"; rm -rf build/guest/scale; } # then its boot fails
  [[ " $* " != *" systemd "* ]] || DEB_BUILD_OPTIONS=noautodbgsym scripts/package.sh --build "$BUILD_DIR" build/guest/packages ||
    rm -rf build/guest/packages
  tests/guest/run.sh prepare
}

declare -A running=() began=() telling=()
# Counts the lines that say ok and FAIL; a boot without any has failed.
finish_one() {
  local pid name status=0 good bad
  wait -n -p pid "${!running[@]}" || status=$?
  name=${running[$pid]}
  unset "running[$pid]"
  wait "${telling[$pid]}" || true
  printf '== the boot called %s took %d s\n' "$name" "$((SECONDS - began[$pid]))"
  good=$(grep -cE '^ok ' "$work/$name" || true)
  bad=$(grep -cE '^FAIL' "$work/$name" || true)
  if ((bad == 0 && (good == 0 || status != 0))); then
    printf 'FAIL the boot called %s ended with status %s\n' "$name" "$status"
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local pid
  for pid in "${!running[@]}" $module; do { kill "$pid" && wait "$pid"; } || true; done 2>/dev/null
  rm -rf "$work"
}

if [[ ${1:-} == in-guest ]]; then run_boot "${@:2}"; exit; fi
for which in "$@"; do
  case $which in
    only) break ;;
    probe | events | patched | device | systemd | scale) ;;
    *) sed -n '2,17s/^# \{0,1\}//p' tests/guest/scenarios.sh >&2; exit 2 ;;
  esac
done
if [[ ${1:-} == only ]]; then prepare; boot "$@"; fi # its output as it comes
(($# > 0)) || set -- device events scale probe systemd patched

work=$(mktemp -d)
module= # the process that makes it
trap clean_up EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
slots=$((2 * $(nproc)))
prepare "$@"
if [[ " $* " == *" patched "* ]]; then
  tests/guest/wireguard_module.sh >/dev/null </dev/null &
  module=$!
fi
for which in "$@"; do
  while ((${#running[@]} >= slots)); do finish_one; done
  [[ $which != patched ]] || { wait "$module" || true; module=; }
  : >"$work/$which"
  boot "$which" >"$work/$which" 2>&1 </dev/null &
  pid=$!
  running[$pid]=$which
  began[$pid]=$SECONDS
  tail -n +1 -f -s 0.5 --pid="$pid" "$work/$which" 2>&1 | sed -u "s/^/$which | /" &
  telling[$pid]=$!
done
while ((${#running[@]} > 0)); do finish_one; done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
