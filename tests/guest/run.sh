#!/usr/bin/env bash
# Runs one command under Debian's stock kernel: an emulated machine (QEMU, no KVM) whose root is
# this host's own root, or another one, read-only, under a throw-away overlay. README.md tells how it
# works.
set -euo pipefail

guest_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
checkout="$(cd "$guest_dir/../.." && pwd -P)"
readonly guest_dir checkout
readonly exit_timed_out=124
readonly exit_harness_failed=125

# shellcheck source-path=SCRIPTDIR source=kernel_image.sh
source "$guest_dir/kernel_image.sh"

mode=""
timeout_seconds=900
memory=2G
console_log=""
use_tty=no
wireguard_module=""
root=/
images="$checkout/build/guest"
declare -a environment=() command_line=()

work_dir=""
qemu_pid=""

usage() {
    cat <<'USAGE'
Usage: tests/guest/run.sh exec|systemd [OPTION...] -- COMMAND [ARGUMENT...]
       tests/guest/run.sh prepare

  exec      a small init of our own runs COMMAND: the quick way
  systemd   the host's systemd boots to multi-user.target, then runs COMMAND as a service
  prepare   only makes what every machine shares; takes no COMMAND

  --timeout SECONDS    end the machine after this long (default 900)
  --memory SIZE        the machine's memory, as QEMU writes it (default 2G)
  --env NAME=VALUE     set a variable for COMMAND; may be repeated
  --root DIRECTORY     another Debian's root, whose own kernel is booted; the images are kept beside it
  --wireguard MODULE   insert this wireguard.ko instead of the stock one
  --console FILE       keep the kernel's console output in FILE
  --count-instructions one processor, whose clock ticks a nanosecond per instruction while it is busy:
                       no figure and no wait depends on what else the host does
  --skip-idle-time     counts instructions, and passes over the time in which nothing runs; so the
                       host's disk, when it is waited for, seems slow
  --tty                give COMMAND this terminal (for a shell; Ctrl-C then goes to the guest)

The exit status is COMMAND's; 124 after a timeout, 125 when the machine ended without one.
USAGE
}

fail() {
    printf 'guest: %s\n' "$*" >&2
    exit "$exit_harness_failed"
}

parse_arguments() {
    while (($# > 0)); do
        case "$1" in
            exec | systemd | prepare)
                [[ -z "$mode" ]] || fail "two modes given: $mode and $1"
                mode="$1"
                shift
                ;;
            --timeout | --memory | --env | --console | --root | --wireguard)
                (($# >= 2)) || fail "$1 needs a value"
                parse_option "$1" "$2"
                shift 2
                ;;
            --tty) use_tty=yes; shift ;;
            --count-instructions | --skip-idle-time)
                local sleep=on
                [[ "$1" == --count-instructions ]] || sleep=off
                processors=(-accel "tcg,thread=single" -smp 1 -icount "shift=0,sleep=$sleep")
                shift
                ;;
            -h | --help) usage; exit 0 ;;
            --) shift; command_line=("$@"); break ;;
            *) usage >&2; fail "unknown argument: $1" ;;
        esac
    done
    [[ -n "$mode" ]] || { usage >&2; fail "name a mode: exec, systemd or prepare"; }
    [[ "$mode" != prepare ]] || return 0
    ((${#command_line[@]} > 0)) || { usage >&2; fail "no COMMAND after --"; }
    if [[ "$use_tty" == yes ]] && ! [[ -t 0 && -t 1 ]]; then
        fail "--tty needs a terminal on standard input and output"
    fi
}

parse_option() {
    case "$1" in
        --timeout)
            [[ "$2" =~ ^[1-9][0-9]{0,5}$ ]] || fail "--timeout takes a number of seconds, not '$2'"
            timeout_seconds="$2"
            ;;
        --memory)
            [[ "$2" =~ ^[1-9][0-9]*[MG]$ ]] || fail "--memory takes a size such as 2G, not '$2'"
            memory="$2"
            ;;
        --env)
            [[ "$2" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || fail "--env takes NAME=VALUE, not '$2'"
            environment+=("$2")
            ;;
        --console) console_log="$2" ;;
        --root)
            [[ -f "$2/etc/debian_version" ]] || fail "--root: there is no Debian in '$2'"
            root="$(cd "$2" && pwd -P)"
            images="$root.images"
            ;;
        --wireguard)
            [[ -f "$2" ]] || fail "--wireguard: there is no file '$2'; wireguard_module.sh makes one"
            wireguard_module="$2"
            ;;
    esac
}

# What the guest has to know, as files of a share of their own: no path or argument passes through
# a kernel command line, so none needs quoting.
write_job() {
    local job="$work_dir/job"
    mkdir "$job"
    printf '%s' "$mode" >"$job/mode"
    printf '%s' "$checkout" >"$job/checkout"
    printf '%s' "$use_tty" >"$job/tty"
    if [[ "$use_tty" == yes ]]; then
        stty size >"$job/terminal_size"
        environment+=("TERM=${TERM:-linux}")
    fi
    printf '%s\0' "WG_PROVISIOND_GUEST=$mode" "${environment[@]}" >"$job/environment"
    printf '%s\0' "${command_line[@]}" >"$job/command"
    cp "$guest_dir/run_command.sh" "$guest_dir/guest-command.service" "$job/"
    [[ -z "$wireguard_module" ]] || cp "$wireguard_module" "$job/wireguard.ko"
}

# A comma ends a value in QEMU's options unless it is doubled.
share() {
    local tag="$1" path="${2//,/,,}"
    printf '%s\n' \
        -fsdev "local,id=$tag,path=$path,security_model=none,readonly=on,multidevs=remap" \
        -device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag"
}

# One byte stream out of the guest, as /dev/vport<n>p<number> there.
stream() {
    local number="$1" name="$2" path="${3//,/,,}"
    printf '%s\n' -chardev "file,id=$name,path=$path" \
        -device "virtserialport,nr=$number,chardev=$name,name=$name"
}

declare -a qemu=() processors=(-accel "tcg,thread=multi" -smp 2)

compose_qemu() {
    local kernel="$1"
    mapfile -t qemu < <(
        printf '%s\n' qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
            -display none -nic none -machine pc "${processors[@]}" -cpu Nehalem \
            -m "$memory" \
            -kernel "$kernel/vmlinuz" -initrd "$kernel/initramfs.cpio" \
            -append "console=ttyS0 panic=-1 audit=0 mitigations=off tsc=reliable norandmaps rcupdate.rcu_expedited=1" \
            -chardev "file,id=console,path=${work_dir//,/,,}/console" -serial chardev:console \
            -device "virtio-serial-pci,max_ports=8"
        share root "$root"
        share checkout "$checkout"
        share modules "$kernel/modules"
        share job "$work_dir/job"
        stream 1 stdout "$work_dir/stdout"
        stream 2 stderr "$work_dir/stderr"
        stream 3 status "$work_dir/status"
        if [[ "$use_tty" == yes ]]; then
            printf '%s\n' -chardev "stdio,id=terminal,signal=off" \
                -device "virtconsole,nr=0,chardev=terminal"
        fi
    )
}

# Runs the machine to its end; the answer is the exit status of timeout(1) around it.
run_machine() {
    local stdin=/dev/null relay_out relay_err status=0
    [[ "$use_tty" == no ]] || stdin=/dev/tty
    mkfifo "$work_dir/stdout" "$work_dir/stderr"
    cat "$work_dir/stdout" &
    relay_out=$!
    cat "$work_dir/stderr" >&2 &
    relay_err=$!
    setpriv --pdeathsig TERM timeout --foreground --kill-after=5 "$timeout_seconds" "${qemu[@]}" \
        <"$stdin" 2>"$work_dir/qemu.log" &
    qemu_pid=$!
    wait "$qemu_pid" || status=$?
    qemu_pid=""
    release_relays
    wait "$relay_out" "$relay_err" || true
    return "$status"
}

# QEMU may have ended before it opened its ends of the pipes; opening them here lets the relays end
# in every case.
release_relays() {
    local pipe
    for pipe in "$work_dir/stdout" "$work_dir/stderr"; do
        [[ ! -p "$pipe" ]] || : <>"$pipe"
    done
}

report_harness_failure() {
    {
        printf 'guest: the machine ended without an exit status; the end of its console:\n'
        tail -n 40 "$work_dir/console" 2>/dev/null || true
        cat "$work_dir/qemu.log"
    } >&2
    exit "$exit_harness_failed"
}

# shellcheck disable=SC2317  # called by the trap on EXIT
clean_up() {
    local status=$?
    trap - EXIT INT TERM HUP
    if [[ -n "$qemu_pid" ]]; then
        kill "$qemu_pid" 2>/dev/null || true
        wait "$qemu_pid" 2>/dev/null || true
        release_relays
    fi
    if [[ "$use_tty" == yes ]]; then
        stty sane || true
    fi
    if [[ -n "$work_dir" ]]; then
        if [[ -n "$console_log" && -f "$work_dir/console" ]]; then
            cp "$work_dir/console" "$console_log" || true
        fi
        rm -rf "$work_dir"
    fi
    exit "$status"
}

main() {
    parse_arguments "$@"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    require_tools
    [[ "$mode" != systemd || -x "$root/usr/lib/systemd/systemd" ]] ||
        fail "the root has no systemd to boot; run: apt-get install systemd"
    prepare_kernel_image "$images" "$guest_dir/initramfs_init.sh" "$root"
    [[ "$root" != / ]] || "$guest_dir/private_postgres.sh" template || fail "initdb does not work on this host"
    [[ "$mode" != prepare ]] || exit 0

    local machine=0 answer=""
    work_dir="$(mktemp -d)"
    write_job
    compose_qemu "$kernel_image"
    run_machine || machine=$?
    read -r answer <"$work_dir/status" || true
    if [[ "$answer" =~ ^exit-status\ ([0-9]{1,3})$ ]]; then
        exit "${BASH_REMATCH[1]}"
    fi
    # timeout(1) answers 137 when it had to kill.
    if ((machine == exit_timed_out || machine == 137)); then
        printf 'guest: ended after %s seconds (--timeout)\n' "$timeout_seconds" >&2
        exit "$exit_timed_out"
    fi
    report_harness_failure
}

main "$@"
