#!/usr/bin/env bash
# The kernel tells of handshakes of unknown keys at its own interface and of nothing else: not of
# peers being configured, of a known peer's handshake, of another namespace's interface with the same
# name and index, of an initiation with a wrong mac1, or of noise.
#
#   CL  wgc 10.80.0.2, knock --- up0 192.0.2.2 ====== 192.0.2.1 up0 --- wgs (index 900)  GW  observer
#       knock ------------------ up1 198.51.100.2 == 198.51.100.1 up1 - wgs (index 900)  ELSE
source "$(dirname "$0")/../lib.sh"

namespace GW gw
namespace ELSE else
# The index that both interfaces of that name are to have.
wg_interface() {
  run ip -n "$1" link add "$2" ${5:+index 900} type wireguard
  run ip netns exec "$1" wg set "$2" private-key "$3" listen-port "$4"
  addresses "$1" "$2" "${*:5}"
}
standard_topology
cable "$ELSE" up1 198.51.100.1/24 "$CL" up1 198.51.100.2/24
ELSE_KEY=$(key_pair else)
wg_interface "$ELSE" "$WGS" "$WORK/else.key" 51820 10.81.0.1/16
key_pair stranger >/dev/null
index_of() { ip -n "$1" -o link show "$WGS" | cut -d: -f1; }
check "both interfaces have the same index" test "$(index_of "$GW") $(index_of "$ELSE")" = "900 900"
observe here "$GW" "$WGS" "$EVENT_SOURCE"
observe other "$ELSE" "$WGS" "$EVENT_SOURCE"

for n in {1..20}; do
  key=$(wg genkey | wg pubkey)
  in_ns "$GW" wg set "$WGS" peer "$key" allowed-ips "10.80.1.$n/32"
  in_ns "$GW" wg set "$WGS" peer "$(wg genkey | wg pubkey)" remove
  in_ns "$GW" wg set "$WGS" peer "$key" remove
done
sleep "$PATIENCE"
check "peers are added, removed, and looked for: nothing to tell" sights_are here 0

in_ns "$GW" wg set "$WGS" peer "$CLIENT_KEY" allowed-ips 10.80.0.2/32
run ip -n "$CL" link add "$WGC" type wireguard
run ip netns exec "$CL" wg set "$WGC" private-key "$WORK/client.key"
addresses "$CL" "$WGC" 10.80.0.2/16
dial "$CL" "$WGC" 192.0.2.1:51820
check "a known peer connects" pings "$CL" 10.80.0.1 8
check "nothing to tell" sights_are here 0

KNOCK_AT=198.51.100.1:51820 GATEWAY_KEY=$ELSE_KEY knock "$CL" key --private-key-file "$WORK/stranger.key"
check "who asks for the other namespace's interface is told there" wait_for 3 sights_are other 1
check "and not here" sights_are here 0

GATEWAY_KEY=$ELSE_KEY knock "$CL" key --private-key-file "$WORK/stranger.key"
knock "$CL" garbage --count 40
knock "$CL" truncated --count 10
knock "$CL" oversized --count 10
sleep "$PATIENCE"
check "mac1 for another key, noise, wrong sizes: nothing to tell" sights_are here 0

knock "$CL" key --private-key-file "$WORK/stranger.key"
check "a stranger's handshake is told" wait_for 3 sights_are here 1
check "with the key" grep -qF "\"$(wg pubkey <"$WORK/stranger.key")\"" <(sights here)
check "and not there" sights_are other 1
