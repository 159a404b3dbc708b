#!/bin/bash
# Makes tests/unit/authenticate/vectors.hpp anew: lets wireguard-go knock at a recorder and writes
# down what it sends. Needs root, wireguard-go, wg and the built record_handshake; takes 6 s.
#
#   namespace wgpd-record-PID, loopback only
#   +--------------------------------------------------+
#   |  wg0 (wireguard-go) ---> 127.0.0.1:51899 recorder |
#   +--------------------------------------------------+
#
# Usage: record_handshake.sh BUILD_DIRECTORY > tests/unit/authenticate/vectors.hpp
set -euo pipefail

build=$(realpath "${1:?usage: record_handshake.sh BUILD_DIRECTORY}")
namespace=wgpd-record-$$
interface=wgrec$$ # names the control socket, which namespaces share
endpoint=127.0.0.1:51899
folder=$(mktemp -d)
client=

clean_up() {
  if [[ -n $client ]]; then
    kill "$client" 2>/dev/null || true
    wait "$client" 2>/dev/null || true
  fi
  ip netns delete "$namespace" 2>/dev/null || true
  rm -rf "$folder" "/var/run/wireguard/$interface.sock"
}
trap clean_up EXIT

umask 077
wg genkey >"$folder/responder"
wg genkey >"$folder/initiator"
initiator=$(wg pubkey <"$folder/initiator")

ip netns add "$namespace"
ip -n "$namespace" link set lo up
ip netns exec "$namespace" wireguard-go -f "$interface" >"$folder/log" 2>&1 &
client=$!
for _ in $(seq 50); do
  [[ -S /var/run/wireguard/$interface.sock ]] && break
  sleep 0.1
done

ip netns exec "$namespace" "$build/tests/record_handshake" --listen "$endpoint" \
  --private-key-file "$folder/responder" --initiator "$initiator" >"$folder/vectors" &
recorder=$!
ip netns exec "$namespace" wg set "$interface" private-key "$folder/initiator" \
  peer "$(wg pubkey <"$folder/responder")" endpoint "$endpoint" persistent-keepalive 25
ip -n "$namespace" link set "$interface" up
wait "$recorder"

cat <<HEADER
#pragma once

// What $(wireguard-go --version | head -n 1) sent to a gateway that answered with a
// cookie reply: recorded by tests/tools/record_handshake.sh. The keys were made for the recording
// and belong to nobody. Bytes in hexadecimal, times in nanoseconds since the UNIX epoch.

#include <cstdint>
#include <string_view>

namespace provisiond::authenticate::vectors {

// clang-format off
HEADER
cat "$folder/vectors"
cat <<'FOOTER'
// clang-format on

} // namespace provisiond::authenticate::vectors
FOOTER
