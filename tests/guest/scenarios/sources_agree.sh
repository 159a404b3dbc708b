#!/usr/bin/env bash
# The kernel's source reports an initiation as capture sees it: bytes, endpoint, local address,
# interface; and the key, which capture cannot know. Over IPv4, IPv6, and IPv6 link-local.
#
#   CL  wgc --- up0 192.0.2.2 ============= 192.0.2.1 up0 --- wgs  GW  observers
#               2001:db8::2, fe80::2        2001:db8::1, fe80::1
source "$(dirname "$0")/../lib.sh"

standard_topology
run ip -n "$GW" address add fe80::1/64 dev up0 nodad
run ip -n "$CL" address add fe80::2/64 dev up0 nodad
wg_interface "$CL" "$WGC" "$WORK/client.key" 40000 10.80.0.2/16
scope=$(in_ns "$GW" cat /sys/class/net/up0/ifindex)

# The facts that all sources must agree on. Capture sees the MACs before anybody judges them, and
# does not know the key.
facts() {
  sights "$1" |
    sed -E 's/"seen_by":"[a-z]+",//; s/"key":"[^"]*","mac_state":[0-9],//; s/,"age_us".*//' | sort
}
knocks() { # ENDPOINT: one initiation, or two where the emulated clock runs ahead
  dial "$CL" "$WGC" "$1"
  in_ns "$CL" ping -q -c 1 -w 1 10.80.0.1 >/dev/null || true
  wait_for 3 sights_at_least capture 1 "$2" && wait_for 3 sights_at_least kernel 1 "$2"
  local status=$?
  run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
  return "$status"
}

observe capture "$GW" "$WGS" capture
observe kernel "$GW" "$WGS" "$EVENT_SOURCE"
check "IPv4" knocks 192.0.2.1:51820 '"source":"192\.0\.2\.2:40000"'
check "IPv6" knocks '[2001:db8::1]:51820' '"source":"\[2001:db8::2\]:40000"'
check "IPv6 link-local, with its scope" knocks '[fe80::1%up0]:51820' \
  "\"source\":\"\\[fe80::[^\"]*\\]:40000\",\"scope\":$scope," # of the client's two, whichever its kernel takes
sleep "$PATIENCE"
sights kernel
check "$EVENT_SOURCE agrees with capture in every fact" diff <(facts capture) <(facts kernel)
refute "it always knows the key" grep -qvF "\"key\":\"$CLIENT_KEY\"" <(sights kernel)
check "and that the MACs were judged, without load" \
  sights_are kernel "$(sight_count kernel)" '"mac_state":1'
