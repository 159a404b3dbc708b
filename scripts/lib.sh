# Shared by the scripts: packages and builds. Sourced, not run.
# shellcheck shell=bash disable=SC2034

# What the build, the tests and the quickstart need of a Debian machine.
build_packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libmnl-dev libpqxx-dev libsodium-dev libb2-dev libyaml-cpp-dev prometheus-cpp-dev libsystemd-dev
  libasio-dev libcli11-dev nlohmann-json3-dev libqrencode-dev libfmt-dev libexpected-dev libgtest-dev libgmock-dev libbenchmark-dev
  libbpf-dev clang bpftool
)
# packages_of_release NUMBER: sets the lists in which packages are named after the version that a Debian has.
packages_of_release() {
  local postgresql=15 linux=6.1
  if [[ $1 == 13 ]]; then postgresql=17 linux=6.12; fi
  run_packages=(
    postgresql "postgresql-$postgresql-pgtap" pgbouncer wireguard-tools wireguard-go iproute2 nftables iputils-ping
    procps curl python3
  )
  # What the guest needs in its root, and what makes the guest.
  guest_root_packages=(busybox-static kmod tcpdump)
  guest_packages=(
    "${guest_root_packages[@]}" qemu-system-x86 cpio systemd dbus
    "linux-source-$linux" linux-headers-amd64 gcc make binutils patch perl xz-utils
  )
}
# What scripts/fuzz.sh needs beside the build's: the sanitizers' and the fuzzer's runtime.
fuzz_packages=(
  clang libclang-rt-dev
)
# What scripts/trixie.sh needs on the machine itself.
trixie_packages=(mmdebstrap qemu-system-x86 busybox-static kmod cpio xz-utils)
packages_of_release "$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)"

# install_packages PACKAGE...: those that are missing; silent when none is.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  if ((EUID != 0)); then
    printf 'missing packages: %s\nRun this script with sudo, or install them.\n' "${missing[*]}" >&2
    return 1
  fi
  printf '== installing %s\n' "${missing[*]}"
  # A package that comes with a service would start it; nothing here needs one.
  local policy=/usr/sbin/policy-rc.d had_policy=yes
  if [[ ! -e $policy ]]; then
    had_policy=no
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  local log status=0
  log=$(mktemp)
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null || status=$?
  [[ $had_policy == yes ]] || rm -f "$policy"
  ((status == 0)) || { tail -n 20 "$log" >&2; printf 'the packages could not be installed\n' >&2; }
  rm -f "$log"
  return "$status"
}

# build PRESET [TARGET...]: configures and builds into build/PRESET; prints only when something fails.
build() {
  local preset=$1 log; shift
  log=build/$preset.log
  mkdir -p build
  printf '== building (%s)\n' "$preset"
  { cmake --preset "$preset" && cmake --build "build/$preset" ${1:+--target "$@"}; } >"$log" 2>&1 ||
    { tail -n 60 "$log" >&2; printf 'the build failed; the whole log is in %s\n' "$log" >&2; return 1; }
}
