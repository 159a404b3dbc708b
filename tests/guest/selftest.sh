#!/usr/bin/env bash
# Shows that the guest has what the scenarios need, one line per ability:
# tests/guest/run.sh exec -- tests/guest/selftest.sh
#
#   netns selftest-a                            netns selftest-b
#   left 192.0.2.1/30  <------- veth -------->  right 192.0.2.2/30
#   wga  198.51.100.1/30 <---- WireGuard ---->  wgb   198.51.100.2/30
set -uo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
if [[ -z "${WG_PROVISIOND_GUEST:-}" ]]; then
    printf 'selftest: this is not the guest; README.md tells how to run it there\n' >&2
    exit 1
fi
scratch="$(mktemp -d)"
failures=0

clean_up() {
    ip netns delete selftest-a 2>/dev/null
    ip netns delete selftest-b 2>/dev/null
    [[ ! -d "$scratch/postgres" ]] || "$here/private_postgres.sh" stop "$scratch/postgres"
    rm -rf "$scratch"
}
trap clean_up EXIT

check() { # NAME COMMAND...: the command's output is shown only when it fails
    local name="$1"
    shift
    if "$@" >"$scratch/output" 2>&1; then
        printf 'ok %s\n' "$name"
    else
        printf 'FAIL %s\n' "$name"
        sed 's/^/    /' "$scratch/output"
        failures=$((failures + 1))
    fi
}

in_a() { ip netns exec selftest-a "$@"; }
in_b() { ip netns exec selftest-b "$@"; }

two_namespaces() {
    ip netns add selftest-a && ip netns add selftest-b &&
        ip link add left netns selftest-a type veth peer name right netns selftest-b &&
        in_a ip address add 192.0.2.1/30 dev left && in_b ip address add 192.0.2.2/30 dev right &&
        in_a ip link set left up && in_b ip link set right up &&
        in_a ping -c 1 -W 5 192.0.2.2
}

wireguard_end() { # NAMESPACE INTERFACE ADDRESS
    ip -n "$1" link add "$2" type wireguard && ip -n "$1" address add "$3/30" dev "$2" &&
        (umask 077 && wg genkey >"$scratch/$2.key") &&
        ip netns exec "$1" wg set "$2" listen-port 51820 private-key "$scratch/$2.key" &&
        ip -n "$1" link set "$2" up
}

wireguard_tunnel() {
    wireguard_end selftest-a wga 198.51.100.1 && wireguard_end selftest-b wgb 198.51.100.2 &&
        in_b wg set wgb peer "$(wg pubkey <"$scratch/wga.key")" allowed-ips 198.51.100.1/32 &&
        in_a wg set wga peer "$(wg pubkey <"$scratch/wgb.key")" allowed-ips 198.51.100.2/32 \
            endpoint 192.0.2.2:51820 &&
        in_a ping -c 1 -W 15 198.51.100.2 &&
        in_a wg show wga latest-handshakes | awk '$2 > 0 { seen = 1 } END { exit !seen }'
}

# What a BPF trampoline on the module's functions needs: its types, and ftrace on the functions.
wireguard_btf() { [[ -s /sys/kernel/btf/vmlinux && -s /sys/kernel/btf/wireguard ]]; }

wireguard_traceable() {
    local list=/sys/kernel/tracing/available_filter_functions name
    for name in wg_cookie_validate_packet wg_pubkey_hashtable_lookup \
        wg_noise_handshake_consume_initiation; do
        grep -q "^$name \[wireguard\]" "$list" || { printf 'no %s\n' "$name"; return 1; }
    done
}

tun_device() {
    [[ -c /dev/net/tun ]] && in_a ip tuntap add dev selftest mode tun &&
        in_a ip link set selftest up && in_a ip tuntap delete dev selftest mode tun
}

netem_delays() {
    local minimum
    in_a tc qdisc add dev left root netem delay 100ms || return 1
    minimum="$(in_a ping -c 3 -i 0.3 192.0.2.2 | awk -F'[/ ]' '/^rtt/ { print int($7) }')"
    in_a tc qdisc delete dev left root
    printf 'shortest round trip: %s ms\n' "$minimum"
    ((minimum >= 100))
}

af_packet_captures() {
    local tcpdump tries
    in_b timeout 30 tcpdump -ni right -c 1 -w "$scratch/capture" icmp 2>"$scratch/tcpdump" &
    tcpdump=$!
    for ((tries = 0; tries < 100; ++tries)); do
        grep -q 'listening on' "$scratch/tcpdump" && break
        sleep 0.1
    done
    in_a ping -c 1 -W 5 192.0.2.2
    wait "$tcpdump" && [[ -s "$scratch/capture" ]]
}

# BPF_MAP_CREATE of an array of one u64, then BPF_PROG_LOAD of a socket filter "r0 = 0; exit".
bpf_system_calls() {
    perl -e '
        my $map = pack("L5 x44", 2, 4, 8, 1, 0);
        syscall(321, 0, $map, length $map) >= 0 or die "map: $!\n";
        my $program = pack("C2 s l C2 s l", 0xb7, 0, 0, 0, 0x95, 0, 0, 0);
        my $licence = "GPL\0";
        my @pointers = map { unpack("Q", pack("P", $_)) } ($program, $licence);
        my $load = pack("L2 Q2 L2 Q x24", 1, 2, @pointers, 0, 0, 0);
        syscall(321, 5, $load, length $load) >= 0 or die "program: $!\n";'
}

nftables_drops() {
    in_b nft 'add table inet selftest;
        add chain inet selftest in { type filter hook input priority 0; };
        add rule inet selftest in ip saddr 192.0.2.1 drop' || return 1
    ! in_a ping -c 1 -W 1 192.0.2.2 && in_b nft delete table inet selftest &&
        in_a ping -c 1 -W 5 192.0.2.2
}

# Owners and modes of the host's files count: nobody may read what only root may.
host_permissions() {
    [[ "$(stat -c %u /etc/shadow)" == 0 ]] && ! runuser -u nobody -- test -r /etc/shadow
}

overlays_writable() { touch /etc/selftest "$here/selftest.written" /tmp/selftest; }

postgres_answers() {
    "$here/private_postgres.sh" start "$scratch/postgres" &&
        [[ "$(plain_psql 'SELECT 6 * 7')" == 42 ]]
}

# Debian's /usr/bin/psql is a Perl script that looks for the real one: two seconds in the guest.
plain_psql() {
    local psql
    psql="$(find /usr/lib/postgresql -path '*/bin/psql' | sort -V | tail -n 1)"
    "$psql" --host="$scratch/postgres" --username=postgres -XAtc "$1"
}

chmod 755 "$scratch"
check veth two_namespaces
check wireguard_tunnel wireguard_tunnel
check wireguard_btf wireguard_btf
check wireguard_traceable wireguard_traceable
check tun_device tun_device
check netem_delays netem_delays
check af_packet_captures af_packet_captures
check bpf_system_calls bpf_system_calls
check nftables_drops nftables_drops
check host_permissions host_permissions
check overlays_writable overlays_writable
check postgres_answers postgres_answers
((failures == 0))
