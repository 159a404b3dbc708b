#!/bin/busybox sh
# shellcheck shell=dash
# PID 1 of the initramfs: makes the guest's root out of the host's shares and hands over to it.
# Every share is read-only at the host; what the guest writes goes to overlays on tmpfs and dies
# with it.
set -eu
export PATH=/bin
/bin/busybox --install -s /bin

root=/root

power_off() {
    poweroff -f
}
# Ending here would be a kernel panic: say it on the console, which run.sh shows, and leave.
trap 'echo "guest: the initramfs failed, see the line above"; power_off' EXIT

mount_share() { # TAG DIRECTORY
    mkdir -p "$2"
    # cache=loose saves most of the round trips: the guest need not see what changes meanwhile.
    mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose "$1" "$2"
}

mount_overlay() { # NAME DIRECTORY
    mount_share "$1" "/lower/$1"
    mkdir -p "/upper/$1/data" "/upper/$1/work" "$2"
    # The overlay's top folder takes its owner and mode from the upper one.
    chmod "$(stat -c %a "/lower/$1")" "/upper/$1/data"
    chown "$(stat -c %u:%g "/lower/$1")" "/upper/$1/data"
    mount -t overlay \
        -o "lowerdir=/lower/$1,upperdir=/upper/$1/data,workdir=/upper/$1/work" overlay "$2"
}

mkdir -p /proc /sys /dev /upper "$root"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
    insmod "/lib/$module"
done </insmod.order

mount_share job /job
checkout="$(cat /job/checkout)"
mode="$(cat /job/mode)"

mount -t tmpfs -o mode=755,size=75% tmpfs /upper
mount_overlay root "$root"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/run/guest"
cp /job/* "$root/run/guest/"
# A host that is a container would make systemd think that the guest is one, too: no shared mounts, and
# with them no credentials.
rm -f "$root/.dockerenv"
mount_overlay checkout "$root$checkout"
mount_share modules "$root/usr/lib/modules/$(uname -r)"

# The host's other file systems are not here, and a server that runs there must not look alive here.
: >"$root/etc/fstab"
rm -f "$root"/var/lib/postgresql/*/*/postmaster.pid
hostname "$(cat "$root/etc/hostname")"

prepare_systemd() {
    units="$root/etc/systemd/system"
    # Which services the host has enabled is its own business: only what the distribution always
    # starts is started, without the units that a machine of a minute's life does not need.
    rm -rf "$units"/*.wants "$units"/*.requires "$units/default.target"
    for unit in getty.target systemd-udev-trigger.service systemd-udev-settle.service \
        systemd-hwdb-update.service systemd-machine-id-commit.service \
        systemd-tmpfiles-clean.timer systemd-firstboot.service dev-hugepages.mount \
        modprobe@dm_mod.service modprobe@drm.service modprobe@fuse.service modprobe@loop.service; do
        ln -sf /dev/null "$units/$unit"
    done
    runtime="$root/run/systemd"
    mkdir -p "$runtime/system/multi-user.target.wants" "$runtime/journald.conf.d"
    mkdir -p "$root/run/tmpfiles.d"
    ln -s multi-user.target "$runtime/system/default.target"
    cp /job/guest-command.service "$runtime/system/"
    ln -s ../guest-command.service "$runtime/system/multi-user.target.wants/"
    printf '[Journal]\nStorage=volatile\n' >"$runtime/journald.conf.d/guest.conf"
    # The distribution's tmp.conf empties /tmp at boot, where the checkout may lie.
    : >"$root/run/tmpfiles.d/tmp.conf"
}

umount /sys
umount /proc
mount -o move /dev "$root/dev"
trap - EXIT
if [ "$mode" = systemd ]; then
    prepare_systemd
    exec switch_root "$root" /usr/lib/systemd/systemd
fi
exec switch_root "$root" /bin/bash /run/guest/run_command.sh
