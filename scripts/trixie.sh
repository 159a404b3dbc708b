#!/usr/bin/env bash
# The project on the next Debian, 13: makes a root of it from the source of packages that this machine's apt uses, builds
# there, and tests there. Ends with a line "N passed, N failed".
#
#   sudo scripts/trixie.sh                    everything
#   sudo scripts/trixie.sh unit|schema|guest  some of it; guest: one pass of the probe, the capture and the device on
#                                             that Debian's kernel, in an emulator
#   sudo scripts/trixie.sh in-root COMMAND    runs a command there, in the checkout
#
# build/trixie/root is kept and used again, as is build/trixie/build; rm -r build/trixie makes all anew. What runs in the
# root has mounts, processes, a network and a /tmp of its own, which end with it: nothing of it is left, whatever ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lib.sh
source scripts/lib.sh

readonly suite=trixie release=13
readonly checkout=$PWD home=$PWD/build/trixie
readonly root=$home/root build_dir=$home/build
readonly gigabytes=4 # the root 1.3, the build 1.1, the compiler's cache 0.4, the kernel 0.6 while it is unpacked

give_up() { printf 'trixie: %s\n' "$*" >&2; exit 1; }

running=
# Ends the first process of the running one's process namespace, and with it all the others.
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  if [[ -n $running ]]; then
    kill -KILL "$(tr -d ' ' <"/proc/$running/task/$running/children")" 2>/dev/null || true
    wait "$running" || true
  fi
  rm -rf --one-file-system "$root.new"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# apart [--net] COMMAND...: with mounts and processes of its own, and a network too when told so.
apart() {
  local status=0 options=(--mount --pid --ipc --fork --kill-child)
  if [[ $1 == --net ]]; then options+=(--net); shift; fi
  setpriv --pdeathsig KILL unshare "${options[@]}" "$@" <&0 &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}

# The first process of the namespaces. It stays to reap what others leave.
# shellcheck disable=SC2016  # expanded there
readonly enter='
  set -e
  root=$1 checkout=$2; shift 2
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount --rbind /dev "$root/dev"
  for each in "$root"/{tmp,run,dev/shm}; do mount -t tmpfs -o mode=1777 tmpfs "$each"; done
  mkdir -p "$root$checkout"
  mount --bind "$checkout" "$root$checkout"
  chroot "$root" ip link set lo up
  chroot "$root" env -i --chdir="$checkout" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 CCACHE_DIR="$checkout/build/trixie/ccache" BUILD_DIR="$checkout/build/trixie/build" "$@" || exit'
in_root() { apart --net bash -c "$enter" enter "$root" "$checkout" "$@"; }

# repository LABEL: where apt has this machine's own packages from.
repository() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" | sed -n 1p
}
sources() {
  local packages security key=/usr/share/keyrings/debian-archive-keyring.gpg
  packages=$(repository Debian)
  security=$(repository Debian-Security)
  [[ -n $packages ]] || give_up "apt knows no source of Debian's packages; name one in /etc/apt, run apt-get update"
  printf "deb [signed-by=$key] %s %s main\n" "$packages" "$suite" "$packages" "$suite-updates"
  [[ -z $security ]] || printf "deb [signed-by=$key] %s %s main\n" "$security" "$suite-security"
}

# It gets its name when it is complete, and is made anew when the list of packages is another one.
make_root() {
  local packages list proxies log=$home/root.log
  packages_of_release "$release"
  packages=("${build_packages[@]}" "${run_packages[@]}" "${guest_root_packages[@]}")
  [[ $(cat "$root/etc/made-of" 2>/dev/null) != "${packages[*]}" ]] || return 0
  mkdir -p "$home"
  (($(df --output=avail -B1G "$home" | tail -n 1) >= gigabytes)) ||
    give_up "$home needs $gigabytes GB of room; make some, or put build elsewhere"
  list=$(sources)
  mapfile -t proxies < <(apt-config dump | grep -E '^Acquire::https?::Proxy(::[^ ]*)? ".+"')
  printf '== making a root of Debian %s\n' "$release"
  rm -rf --one-file-system "$root" "$root.new" "$build_dir"
  apart mmdebstrap --mode=root --variant=minbase --dpkgopt=force-unsafe-io --skip=cleanup/apt/lists \
    "${proxies[@]/#/--aptopt=}" --include="$(IFS=,; printf '%s' "${packages[*]}")" "$suite" "$root.new" - <<<"$list" \
    >"$log" 2>&1 ||
    { grep -m 1 '^E: ' "$log" >&2 || true; give_up "the root could not be made; is the source of packages reached? See $log"; }
  printf '%s\n' "${packages[*]}" >"$root.new/etc/made-of"
  mv "$root.new" "$root"
}

build_there() {
  local log=$home/build.log
  printf '== building, after %d s\n' "$SECONDS"
  in_root bash -c 'cmake --preset dev -D PROVISIOND_BENCH=ON -B "$BUILD_DIR" && cmake --build "$BUILD_DIR" -j 2' >"$log" 2>&1 ||
    { tail -n 60 "$log" >&2; printf 'the build failed; the whole log is in %s\n0 passed, 1 failed\n' "$log"; exit 1; }
}

passed=0
failed=0
# count NAME LOG GOOD BAD STATUS: one that fails without saying so, or has nothing to say, has failed.
count() {
  local bad=$4
  if (($5 != 0 && bad == 0 || $3 + bad == 0)); then bad=1; fi
  ((bad == 0)) || tail -n 60 "$2"
  printf '%s: %d passed, %d failed\n' "$1" "$3" "$bad"
  passed=$((passed + $3))
  failed=$((failed + bad))
}

run_unit() {
  local log=$home/unit.log status=0 bad=0 total=0
  in_root ctest --test-dir "$build_dir" -j 2 --output-on-failure >"$log" 2>&1 || status=$?
  if [[ $(tail -n 20 "$log") =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    bad=${BASH_REMATCH[1]}
    total=${BASH_REMATCH[2]}
  fi
  count unit "$log" "$((total - bad))" "$bad" "$status"
}
run_schema() {
  local log=$home/schema.log status=0 good=0 bad=0
  # wg-provisionctl looks for the migrations beside build/, but is a folder deeper here.
  in_root env WG_PROVISIOND_SCHEMA_DIR="$checkout/schema" tests/integration/database/run.sh >"$log" 2>&1 || status=$?
  if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    good=${BASH_REMATCH[1]}
    bad=${BASH_REMATCH[2]}
  fi
  count schema "$log" "$good" "$bad" "$status"
}
run_guest() {
  local log=$home/guest.log status=0
  tests/guest/run.sh exec --root "$root" --count-instructions --timeout 3600 --env "BUILD_DIR=$build_dir" \
    --env PATIENCE=2 --env LOG_DIR=/tmp/test-logs --env WG_BACKEND=kernel -- \
    tests/guest/scenarios.sh in-guest once >"$log" 2>&1 </dev/null || status=$?
  count guest "$log" "$(grep -c '^ok ' "$log" || true)" "$(grep -c '^FAIL' "$log" || true)" "$status"
}

parts=()
case ${1:-} in
  '') parts=(unit schema guest) ;;
  in-root) (($# > 1)) || give_up "in-root takes a command" ;;
  *)
    for part in "$@"; do
      case $part in
        unit | schema | guest) parts+=("$part") ;;
        *) sed -n '2,8s/^# \{0,1\}//p' scripts/trixie.sh >&2; exit 2 ;;
      esac
    done ;;
esac
become_root "$@"
install_packages "${trixie_packages[@]}"
make_root
if [[ ${1:-} == in-root ]]; then in_root "${@:2}"; exit; fi
build_there
for part in "${parts[@]}"; do
  printf '== %s, after %d s\n' "$part" "$SECONDS"
  "run_$part"
done
printf '== done after %d s\n' "$SECONDS"
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
