# Debian's stock kernel, made ready to boot. Sourced by run.sh, which provides fail().
# shellcheck shell=bash
#
# One folder per package version, made once: vmlinuz, modules/ (what becomes /lib/modules/RELEASE)
# and initramfs.cpio. A folder gets its final name only when it is complete, so an interrupted run
# leaves nothing that looks usable. The kernel is the one that apt knows in the guest's root.

readonly meta_package=linux-image-amd64
# What the initramfs needs to reach the host's files and to speak to run.sh; everything else is
# loaded from modules/.
readonly initramfs_modules=(virtio_pci 9pnet_virtio 9p overlay virtio_console)

kernel_image="" # the answer of prepare_kernel_image: the folder
apt_root=/       # the guest's root

# This host's apt-cache or apt-get, about the packages of the guest's root.
ask_apt() { # PROGRAM ARGUMENT...
    "$1" -o "Dir=$apt_root" -o "Dir::State::status=${apt_root%/}/var/lib/dpkg/status" "${@:2}"
}

require_tools() {
    local -A package_of=(
        [qemu-system-x86_64]=qemu-system-x86 [busybox]=busybox-static [cpio]=cpio
        [depmod]=kmod [modprobe]=kmod [apt-get]=apt [dpkg-deb]=dpkg [xz]=xz-utils
    )
    local tool missing=""
    for tool in "${!package_of[@]}"; do
        command -v "$tool" >/dev/null || missing+=" ${package_of[$tool]}"
    done
    [[ -z "$missing" ]] || fail "missing Debian packages; run: apt-get install$missing"
    # The plain busybox package needs shared libraries, which an initramfs does not have.
    ! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
        fail "busybox needs shared libraries; run: apt-get install busybox-static"
}

# The plain image that the meta package stands for today, as "PACKAGE VERSION"; empty when apt does
# not know it.
current_package() {
    local package version
    package="$(ask_apt apt-cache depends "$meta_package" 2>/dev/null |
        awk '$1 == "Depends:" { print $2; exit }')"
    [[ -n "$package" ]] || return 0
    version="$(ask_apt apt-cache show --no-all-versions "$package" 2>/dev/null |
        awk '$1 == "Version:" { print $2; exit }')"
    [[ -z "$version" ]] || printf '%s %s\n' "$package" "$version"
}

newest_cached_image() {
    find "$1" -mindepth 2 -maxdepth 2 -name vmlinuz -printf '%h\n' | sort -V | tail -n 1
}

# True when apt has learned nothing new since the image was chosen. Asking it takes over a second.
choice_is_fresh() {
    local cache="$1"
    [[ -f "$cache/current" && ! "${apt_root%/}/var/lib/apt/lists" -nt "$cache/current" &&
        -d "$cache/$(<"$cache/current")" ]]
}

choose_image() {
    local cache="$1" package="" version=""
    if choice_is_fresh "$cache"; then
        kernel_image="$cache/$(<"$cache/current")"
        return
    fi
    read -r package version < <(current_package) || true
    if [[ -z "$version" ]]; then
        kernel_image="$(newest_cached_image "$cache")"
        [[ -n "$kernel_image" ]] || fail "apt does not know $meta_package; run: apt-get update"
        return
    fi
    kernel_image="$cache/$version"
    [[ -d "$kernel_image" ]] || unpack_image "$package=$version" "$kernel_image"
    printf '%s\n' "$version" >"$cache/current"
}

# Sets kernel_image. Runs that start at the same moment wait for the one that makes the image.
prepare_kernel_image() {
    local cache="$1" init="$2" lock
    apt_root="${3:-/}"
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock "$lock"
    choose_image "$cache"
    if [[ ! "$kernel_image/initramfs.cpio" -nt "$init" ]]; then
        build_initramfs "$kernel_image" "$init"
    fi
    exec {lock}>&-
}

unpack_image() {
    local package="$1" folder="$2" cache scratch release
    printf 'guest: fetching %s\n' "$package" >&2
    cache="$(dirname "$folder")"
    rm -rf "$cache"/unpack.* # of interrupted runs: we hold the lock
    scratch="$(mktemp -d "$cache/unpack.XXXXXX")"
    # Downloading as root keeps apt from asking for a folder its own user may enter.
    (cd "$scratch" && ask_apt apt-get -qq -o APT::Sandbox::User=root download "$package") ||
        fail "cannot fetch $package; run apt-get update and try again"
    mkdir "$scratch/package" "$scratch/image"
    dpkg-deb --extract "$scratch"/*.deb "$scratch/package"
    # Since Debian 13 packages say /usr/lib themselves.
    [[ -d "$scratch/package/lib" ]] || mv "$scratch/package/usr/lib" "$scratch/package/lib"
    release="$(basename "$scratch"/package/lib/modules/*)"
    depmod -b "$scratch/package" "$release"
    mv "$scratch/package/boot/vmlinuz-$release" "$scratch/image/vmlinuz"
    mv "$scratch/package/lib/modules/$release" "$scratch/image/modules"
    mv "$scratch/image" "$folder"
    rm -rf "$scratch"
}

# busybox, our init and the few modules, named in /insmod.order in the order of their insertion. Debian
# 13 compresses modules, which busybox does not undo.
build_initramfs() {
    local image="$1" init="$2" scratch modules module
    modules="$(modules_in_order "$image/modules")"
    scratch="$(mktemp -d)"
    mkdir "$scratch/bin" "$scratch/lib"
    cp "$(command -v busybox)" "$scratch/bin/busybox"
    cp "$init" "$scratch/init"
    chmod 755 "$scratch/init" "$scratch/bin/busybox"
    while read -r module; do
        cp "$image/modules/$module" "$scratch/lib/"
        [[ "$module" != *.xz ]] || xz -d "$scratch/lib/$(basename "$module")"
        basename "$module" .xz >>"$scratch/insmod.order"
    done <<<"$modules"
    (cd "$scratch" && find . -print0 | cpio --quiet -0 --create --format=newc --owner=+0:+0) \
        >"$image/initramfs.new"
    mv "$image/initramfs.new" "$image/initramfs.cpio"
    rm -rf "$scratch"
}

# Each wanted module after the ones it needs. A line of modules.dep is "a.ko: b.ko c.ko", where a
# needs b and c, and b may need c; each name may end with .xz.
modules_in_order() {
    local modules="$1" wanted
    for wanted in "${initramfs_modules[@]}"; do
        ! grep -q "/$wanted\.ko$" "$modules/modules.builtin" || continue
        awk -v wanted="$wanted" '
            { sub(/:/, "", $1) }
            $1 ~ ("/" wanted "\\.ko(\\.xz)?$") { for (i = NF; i >= 1; i--) print $i; found = 1 }
            END { exit !found }' "$modules/modules.dep" ||
            fail "the kernel package has no module $wanted"
    done | awk '!seen[$0]++'
}
