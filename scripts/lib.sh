# Shared by the scripts: packages and builds. Sourced, not run.
# shellcheck shell=bash disable=SC2034

# What the build, the tests and the quickstart need of a Debian machine.
build_packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libmnl-dev libcap-dev libseccomp-dev libpqxx-dev libsodium-dev libb2-dev libyaml-cpp-dev prometheus-cpp-dev libsystemd-dev
  libasio-dev libcli11-dev nlohmann-json3-dev libqrencode-dev libfmt-dev libexpected-dev libssl-dev libgtest-dev libgmock-dev libbenchmark-dev
  libbpf-dev clang bpftool
)
# packages_of_release NUMBER: sets the lists in which packages are named after the version that a Debian has.
packages_of_release() {
  local postgresql=15 linux=6.1
  if [[ $1 == 13 ]]; then postgresql=17 linux=6.12; fi
  run_packages=(
    postgresql "postgresql-$postgresql-pgtap" pgbouncer wireguard-tools wireguard-go iproute2 nftables iputils-ping
    procps curl python3 openssl
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
# What scripts/package.sh needs beside the build's.
package_packages=(
  debhelper dpkg-dev fakeroot
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
    printf 'missing packages: %s\nRun this script as root, or install them.\n' "${missing[*]}" >&2
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
  ((status == 0)) || { tail -n 20 "$log" >&2; printf 'the packages could not be installed: can apt reach its source?\n' >&2; }
  rm -f "$log"
  return "$status"
}

# become_root ARGUMENT...: starts the script anew by sudo where it is not root's and there is sudo.
become_root() {
  ((EUID != 0)) || return 0
  if command -v sudo >/dev/null; then exec sudo -- "$PWD/scripts/$(basename "$0")" "$@"; fi
  printf 'network namespaces and packages need root: run %s as root\n' "scripts/$(basename "$0")" >&2
  exit 1
}

# need_room FOLDER GIGABYTES: before it runs out half-way.
need_room() {
  local free
  free=$(df --output=avail -BG "$1" | tail -n 1)
  ((${free//[^0-9]/} >= $2)) || { printf 'there is too little room: %s G free at %s, %s G needed\n' "${free//[^0-9]/}" "$1" "$2" >&2; return 1; }
}

# was_made_elsewhere FOLDER: by another compiler, or for a checkout at another place.
was_made_elsewhere() {
  local cache=$1/CMakeCache.txt compiler version
  [[ -f $cache ]] || return 1
  grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache" || return 0
  compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$cache")
  version=$(sed -n 's/^set(CMAKE_CXX_COMPILER_VERSION "\(.*\)")/\1/p' "$1"/CMakeFiles/*/CMakeCXXCompiler.cmake 2>/dev/null | tail -n 1)
  [[ -x $compiler && $("$compiler" --version 2>/dev/null) == *"$version"* ]] || return 0
  return 1
}

# tell_progress: of ninja's lines, one for each quarter of the steps.
tell_progress() {
  local line told=0
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] && ((4 * BASH_REMATCH[1] / BASH_REMATCH[2] > told)); then
      told=$((4 * BASH_REMATCH[1] / BASH_REMATCH[2]))
      printf '   %d of %d steps\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    fi
  done
}

# build PRESET [TARGET...]: configures and builds into build/PRESET; tells how far it is, and why when it fails.
build() {
  local preset=$1 log fresh=(); shift
  log=build/$preset.log
  mkdir -p build
  need_room build 3 || return 1
  if was_made_elsewhere "build/$preset"; then
    printf '== build/%s is of another compiler or another place: making it anew\n' "$preset"
    fresh=(--fresh)
  fi
  printf '== building (%s)\n' "$preset"
  cmake "${fresh[@]}" --preset "$preset" >"$log" 2>&1 &&
    cmake --build "build/$preset" ${1:+--target "$@"} 2>&1 | tee -a "$log" | tell_progress &&
    return
  tail -n 60 "$log" >&2
  printf 'the build failed; the whole log is in %s\n' "$log" >&2
  return 1
}
