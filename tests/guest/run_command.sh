#!/bin/bash
# Runs in the guest, as PID 1 (mode exec) or as a service after the boot (mode systemd): completes
# the machine, runs the command, sends its output and exit status to the host, powers off.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

readonly job=/run/guest
mode="$(<"$job/mode")"
checkout="$(<"$job/checkout")"
use_tty="$(<"$job/tty")"
mapfile -d '' -t environment <"$job/environment"
mapfile -d '' -t command_line <"$job/command"

# The guest's end of run.sh's stream n. It can be opened only once, so the command gets a pipe in
# front of it.
port() {
    local devices=(/dev/vport*p"$1")
    printf '%s' "${devices[0]}"
}

mount_if_absent() { # TYPE DIRECTORY [OPTIONS]
    mountpoint -q "$2" || { mkdir -p "$2" && mount -t "$1" -o "${3:-defaults}" "$1" "$2"; }
}

# The module of run.sh --wireguard, which modprobe then takes for the stock one. Without it the
# command would test the wrong thing: end the machine, with the reason on the console.
insert_wireguard() {
    local depends
    depends="$(modinfo -F depends "$job/wireguard.ko")"
    # shellcheck disable=SC2086  # a list
    if ! { modprobe -a ${depends//,/ } && insmod "$job/wireguard.ko"; } >/dev/console 2>&1; then
        echo "guest: the module of --wireguard cannot be inserted" >/dev/console
        busybox poweroff -f
        sleep infinity
    fi
}

complete_machine() {
    mount_if_absent proc /proc
    mount_if_absent sysfs /sys
    mount_if_absent devpts /dev/pts gid=5,mode=620,ptmxmode=666
    mount_if_absent tmpfs /dev/shm mode=1777
    mount_if_absent cgroup2 /sys/fs/cgroup
    mount_if_absent bpf /sys/fs/bpf mode=700
    mount_if_absent debugfs /sys/kernel/debug
    mount_if_absent tracefs /sys/kernel/tracing
    [[ -e /dev/fd ]] || ln -s /proc/self/fd /dev/fd
    [[ -e /dev/stdin ]] || ln -s /proc/self/fd/0 /dev/stdin
    [[ -e /dev/stdout ]] || ln -s /proc/self/fd/1 /dev/stdout
    [[ -e /dev/stderr ]] || ln -s /proc/self/fd/2 /dev/stderr
    mkdir -p /run/lock
    ip link set lo up
    [[ ! -f "$job/wireguard.ko" ]] || insert_wireguard
    modprobe -a wireguard tun veth af_packet sch_netem nf_tables nfnetlink_log nfnetlink_queue
}

in_checkout() {
    cd "$checkout" && exec env -i PATH="$PATH" HOME=/root USER=root LOGNAME=root \
        SHELL=/bin/bash LANG=C.UTF-8 "${environment[@]}" "$@"
}

run_on_terminal() {
    local rows columns terminal
    read -r rows columns <"$job/terminal_size"
    # Held open, as the device forgets its settings at the last close.
    exec {terminal}<>/dev/hvc0
    stty sane rows "$rows" cols "$columns" <&"$terminal"
    (in_checkout setsid --ctty --wait "${command_line[@]}" \
        <&"$terminal" >&"$terminal" 2>&"$terminal")
}

run_on_streams() {
    local relays=() status=0
    mkfifo "$job/stdout" "$job/stderr"
    cat "$job/stdout" >"$(port 1)" &
    relays+=($!)
    cat "$job/stderr" >"$(port 2)" &
    relays+=($!)
    (in_checkout "${command_line[@]}" </dev/null >"$job/stdout" 2>"$job/stderr") || status=$?
    # A daemon that the command left behind keeps the pipes open: do not wait for it for ever.
    (sleep 3 && kill "${relays[@]}") 2>/dev/null &
    wait "${relays[@]}"
    return "$status"
}

main() {
    local status=0
    complete_machine
    if [[ "$mode" == systemd ]]; then
        systemctl is-system-running --wait >/dev/null
    fi
    if [[ "$use_tty" == yes ]]; then
        run_on_terminal || status=$?
    else
        run_on_streams || status=$?
    fi
    printf 'exit-status %d\n' "$status" >"$(port 3)"
    busybox poweroff -f
    # Powering off takes a moment, and PID 1 must not end before it.
    sleep infinity
}

main
