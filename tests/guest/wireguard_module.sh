#!/usr/bin/env bash
# Builds WireGuard's module with deploy/kernel's patch for the guest's kernel and prints where it is:
#
#   tests/guest/run.sh exec --wireguard "$(tests/guest/wireguard_module.sh)" -- COMMAND
#
# The module is made again only when the patch, the kernel or this script has changed.
set -euo pipefail

guest_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
checkout="$(cd "$guest_dir/../.." && pwd -P)"
patch_file="$checkout/deploy/kernel/0001-wireguard-notify-about-unknown-peers.patch"
readonly guest_dir checkout patch_file
readonly patched="$checkout/build/guest/patched"
readonly module_file="$patched/wireguard.ko"
# All that is needed of the source: the module, its header, and the judge of patches.
readonly members=(drivers/net/wireguard include/uapi/linux/wireguard.h scripts/checkpatch.pl
    scripts/spelling.txt scripts/const_structs.checkpatch)

# shellcheck source-path=SCRIPTDIR source=kernel_image.sh
source "$guest_dir/kernel_image.sh"

scratch=""

fail() {
    printf 'wireguard_module: %s\n' "$*" >&2
    exit 1
}

# shellcheck disable=SC2317  # called by the trap on EXIT
clean_up() { [[ -z "$scratch" ]] || rm -rf "$scratch"; }

require_build_tools() {
    local -A package_of=([gcc]=gcc [make]=make [patch]=patch [perl]=perl [xz]=xz-utils [strip]=binutils)
    local tool missing=""
    for tool in "${!package_of[@]}"; do
        command -v "$tool" >/dev/null || missing+=" ${package_of[$tool]}"
    done
    [[ -z "$missing" ]] || fail "missing Debian packages; run: apt-get install$missing"
}

# A module fits only the kernel whose headers it was built with, and the source has to be that
# kernel's, too.
require_version() { # PACKAGE VERSION
    local installed
    installed="$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null)" || true
    [[ "$installed" == "installed $2" ]] ||
        fail "$1 $2, as the guest's kernel, is not installed; run: apt-get install $1=$2"
}

unpack_source() { # SERIES DIRECTORY
    tar -C "$2" --strip-components=1 -xf "/usr/src/linux-source-$1.tar.xz" \
        "${members[@]/#/linux-source-$1/}"
}

# By standard input: a file that git tracks is taken for source text, not for a patch.
check_patch() { # SOURCE
    (cd "$1" && perl scripts/checkpatch.pl --no-tree --strict --quiet - <"$patch_file") >&2 ||
        fail "checkpatch.pl has something to say, see above"
}

apply_patch() { # SOURCE
    patch --directory="$1" --strip=1 --fuzz=0 --forward --quiet <"$patch_file" >&2 ||
        fail "the patch does not apply"
}

# The kernel's headers have a linux/wireguard.h of their own, which the compiler would find first.
# Included before all else, ours is the one that its include guard lets count.
build_module() { # SOURCE RELEASE
    local header="$1/include/uapi/linux/wireguard.h"
    make -C "/usr/src/linux-headers-$2" M="$1/drivers/net/wireguard" CONFIG_WIREGUARD=m \
        KCPPFLAGS="-include $header" -j2 modules >"$patched/build.log" 2>&1 || {
        tail -n 40 "$patched/build.log" >&2
        fail "the build failed; its log is $patched/build.log"
    }
    strip --strip-debug -o "$module_file" "$1/drivers/net/wireguard/wireguard.ko"
}

make_module() { # VERSION RELEASE
    local series
    series="$(cut -d . -f 1,2 <<<"$1")"
    require_build_tools
    require_version "linux-headers-$2" "$1"
    require_version "linux-source-$series" "$1"
    printf 'guest: building the patched module for %s\n' "$2" >&2
    scratch="$(mktemp -d)"
    unpack_source "$series" "$scratch"
    check_patch "$scratch"
    apply_patch "$scratch"
    build_module "$scratch" "$2"
}

main() {
    local lock version release made_from
    trap clean_up EXIT
    require_tools
    prepare_kernel_image "$checkout/build/guest" "$guest_dir/initramfs_init.sh"
    version="$(basename "$kernel_image")"
    release="$(modinfo -F vermagic "$kernel_image"/modules/kernel/drivers/net/wireguard/wireguard.ko*)"
    release="${release%% *}"
    mkdir -p "$patched"
    exec {lock}>"$patched/lock"
    flock "$lock"
    made_from="$version $(cat "$patch_file" "${BASH_SOURCE[0]}" | sha256sum)"
    if [[ ! -f "$module_file" || "$(cat "$patched/made-from" 2>/dev/null)" != "$made_from" ]]; then
        rm -f "$module_file" "$patched/made-from"
        make_module "$version" "$release"
        printf '%s\n' "$made_from" >"$patched/made-from"
    fi
    printf '%s\n' "$module_file"
}

main
