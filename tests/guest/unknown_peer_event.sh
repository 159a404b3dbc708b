#!/usr/bin/env bash
# What the patched module tells about unknown peers, to whom, and what it keeps to itself. Runs in the
# guest, booted with run.sh --wireguard.
#
#   CL   wgc -- up0 192.0.2.2 2001:db8::2 ==== 192.0.2.1 2001:db8::1 up0 -- wgs :51820  GW, listens
#   CL2  knock, as 198.18.0.0/15 -- up0 198.51.100.2 ==== 198.51.100.1 up1 -'
#   EL   wge :51820 on lo, listens as well
if [[ -z ${WG_PROVISIOND_GUEST:-} ]]; then
  printf 'unknown_peer_event: only in the guest; README.md tells how\n' >&2
  exit 1
fi
# shellcheck source=../integration/lib.sh
source "$(dirname "$0")/../integration/lib.sh"

LISTENER=$WORK/listener # where everybody may run it
cp "$BUILD_DIR/tests/unknown_peer_listener" "$LISTENER"
chmod 755 "$LISTENER"

# listen_start NS FILE [ARGUMENTS...]: events of the namespace go to FILE. LISTENER_PID is who listens.
listen_start() {
  : >"$2"
  background "$2" ip netns exec "$1" "$LISTENER" --seconds 600 "${@:3}"
  LISTENER_PID=${PIDS[-1]}
  wait_for 10 grep -q ready "$2"
}
# listen_ends: when it has printed what waits for it.
listen_ends() { end_process "$LISTENER_PID"; }

events() { grep -c '"event"' "$1" || true; }
# seen FILE COUNT: that many events so far. fresh FILE: forget them.
seen() { (($(events "$1") == $2)); }
fresh() { : >"$1"; }
# Gives events that are not wanted the time to come: the queue of handshakes is empty long before.
settle() { sleep "$((1 * PATIENCE))"; }

# field FILE NAME: the member of the last event, as written.
field() { tail -n 1 "$1" | grep -oE "\"$2\":(\\{[^}]*\\}|\"[^\"]*\"|[^,}]*)" | cut -d : -f 2-; }
field_is() { [[ $(field "$1" "$2") == "$3" ]] || { say "$2 is $(field "$1" "$2"), not $3"; return 1; }; }
at() { printf '{"at":"%s","scope":%s}' "$1" "${2:-0}"; }
hex_of() { od -An -v -tx1 "$1" | tr -d ' \n'; }
members_of() { tail -n 1 "$1" | grep -oE '"[a-z_]+":' | tr -d '":\n'; }
interface_index() { in_ns "$1" cat "/sys/class/net/$2/ifindex"; }

# Both are opened anew for each event: a file that is written by appending may be emptied.
EVENTS=$WORK/events
ELSEWHERE=$WORK/elsewhere

# one_event NAME KEY ADDRESS FROM_PORT: exactly one, with everything in it.
one_event() {
  local name=$1 key=$2 local_end=$3 from=$4
  check "$name: there is an event" wait_for 5 seen "$EVENTS" 1
  settle
  check "$name: there is one only" seen "$EVENTS" 1
  check "$name: each member once, in the order of their numbers" test "$(members_of "$EVENTS")" = \
    eventversionifindexifnamekeyendpointatscopelocalatscopemac_stateinitiation
  check "$name: version 1" field_is "$EVENTS" version 1
  check "$name: the interface's number" field_is "$EVENTS" ifindex "$(interface_index "$GW" "$WGS")"
  check "$name: its name" field_is "$EVENTS" ifname "\"$WGS\""
  check "$name: the key" field_is "$EVENTS" key "\"$key\""
  check "$name: where it came from" field_is "$EVENTS" endpoint "$(at "$from")"
  check "$name: where it was sent" field_is "$EVENTS" local "$(at "$local_end")"
  check "$name: mac1 is valid" field_is "$EVENTS" mac_state 1
  check "$name: the very bytes" field_is "$EVENTS" initiation "\"$(hex_of "$WORK/sent")\""
  check "$name: 148 of them" test "$(stat -c %s "$WORK/sent")" = 148
}
# stranger_knocks ADDRESS FROM_PORT: as a key that nobody knows; the bytes are in $WORK/sent.
stranger_knocks() {
  fresh "$EVENTS"
  KNOCK_AT=$1 knock "$CL" key --private-key-file "$WORK/stranger.key" --from-port "$2" \
    --save "$WORK/sent"
}
none() { # NAME COMMAND...: it causes no event
  local name=$1; shift
  fresh "$EVENTS"
  "$@"
  settle
  check "$name" seen "$EVENTS" 0
}

standard_topology
stranger=$(key_pair stranger)
namespace EL elsewhere
WGE=we$TAG
key_pair elsewhere >"$WORK/elsewhere.pub"
wg_interface "$EL" "$WGE" "$WORK/elsewhere.key" 51820 10.81.0.1/16

say "- who may listen"
nobody() { in_ns "$GW" runuser -u nobody -- "$@"; }
group_answer() { local status=0; "$@" --seconds 0 >/dev/null 2>&1 || status=$?; printf '%s' "$status"; }
check "the group exists and root may join" test "$(group_answer in_ns "$GW" "$LISTENER")" = 0
check "no other group does" test "$(group_answer in_ns "$GW" "$LISTENER" --group other)" = 2
check "without CAP_NET_ADMIN joining is EPERM" test "$(group_answer nobody "$LISTENER")" = 3
own_namespace() { runuser -u nobody -- unshare --user --map-root-user --net "$@"; }
check "with it, in a namespace of one's own, it is allowed" \
  test "$(group_answer own_namespace "$LISTENER")" = 0

listen_start "$GW" "$EVENTS"
gateway_listener=$LISTENER_PID
listen_start "$EL" "$ELSEWHERE"
elsewhere_listener=$LISTENER_PID

say "- what an event says"
stranger_knocks 192.0.2.1:51820 40001
one_event IPv4 "$stranger" 192.0.2.1:51820 192.0.2.2:40001
stranger_knocks '[2001:db8::1]:51820' 40002
one_event IPv6 "$stranger" '[2001:db8::1]:51820' '[2001:db8::2]:40002'

# A real client, which can be told a scope.
link_local() { in_ns "$1" ip -6 -o address show dev up0 scope link | awk '{ sub(/\/.*/, "", $4); print $4 }'; }
gateway_scope=$(interface_index "$GW" up0)
fresh "$EVENTS"
client_start "[$(link_local "$GW")%up0]:51820" persistent-keepalive 25
check "link-local: a client's initiation gives an event" wait_for 5 seen "$EVENTS" 1
client_port=$(in_ns "$CL" wg show "$WGC" listen-port)
check "link-local: the client's key" field_is "$EVENTS" key "\"$CLIENT_KEY\""
check "link-local: from, with its scope" field_is "$EVENTS" endpoint \
  "$(at "[$(link_local "$CL")]:$client_port" "$gateway_scope")"
check "link-local: to, with its scope" field_is "$EVENTS" local \
  "$(at "[$(link_local "$GW")]:51820" "$gateway_scope")"
run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
settle

say "- what gives no event"
# The gateway learns the client, and only then does the client dial.
known_handshake() {
  run ip netns exec "$GW" wg set "$WGS" peer "$CLIENT_KEY" allowed-ips 10.80.0.2/32
  dial "$CL" "$WGC" 192.0.2.1:51820
  pings "$CL" 10.80.0.1 10 || say "FAIL the known client has no tunnel"
}
none "a known peer's handshake" known_handshake
check "it made a tunnel" pings "$CL" 10.80.0.1 10
reconfigure() {
  local key
  for key in "$stranger" "$(wg genkey | wg pubkey)"; do
    run ip netns exec "$GW" wg set "$WGS" peer "$key" allowed-ips 10.80.0.3/32
    run ip netns exec "$GW" wg set "$WGS" peer "$key" remove
  done
  in_ns "$GW" wg show "$WGS" >/dev/null
}
none "configuring peers" reconfigure
own_key() {
  KNOCK_AT=192.0.2.1:51820 knock "$CL" key --private-key-file "$WORK/gateway.key"
}
none "the interface's own key" own_key
# One initiation is meant for another interface; of the other only mac1 is wrong.
bad_mac1() {
  run ip netns exec "$CL" "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/stranger.key" \
    --responder "$CLIENT_KEY" --to 192.0.2.1:51820
  run ip netns exec "$CL" "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/stranger.key" \
    --responder "$GATEWAY_KEY" --save "$WORK/spoiled"
  printf '\x5a\xa5' | dd of="$WORK/spoiled" bs=1 seek=116 conv=notrunc status=none
  run ip netns exec "$CL" "$BUILD_DIR/tests/knock" key --load "$WORK/spoiled" --to 192.0.2.1:51820
}
none "a bad mac1" bad_mac1
noise() { knock "$CL" garbage --count 50; knock "$CL" truncated --count 50; knock "$CL" oversized --count 50; }
none "what is no initiation" noise

fresh "$EVENTS"
fresh "$ELSEWHERE"
run ip netns exec "$EL" "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/stranger.key" \
  --responder "$(<"$WORK/elsewhere.pub")" --to 127.0.0.1:51820
check "an interface in another namespace gives one there" wait_for 5 seen "$ELSEWHERE" 1
settle
check "and none here" seen "$EVENTS" 0

say "- how many"
# The limiter: 20 events a second and 5 more, for each source address; a second for what has waited.
fresh "$EVENTS"
began=$(date +%s%N)
run ip netns exec "$CL" "$BUILD_DIR/tests/knock" replay --responder "$GATEWAY_KEY" --count 400 \
  --rate 100 --to 192.0.2.1:51820
took=$((($(date +%s%N) - began) / 1000000))
settle
allowed=$((5 + (took + 1000) * 20 / 1000))
count=$(events "$EVENTS")
say "400 initiations in $took ms: $count events, at most $allowed are allowed"
check "a flood from one address gives what the limiter lets through" test "$count" -le "$allowed"
check "and no less than its burst" test "$count" -ge 5
check "a peer that was known all along still has its tunnel" pings "$CL" 10.80.0.1 10

end_process "$elsewhere_listener"
end_process "$gateway_listener"

say "- a listener that does not read"
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
run "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count 1000 --save "$WORK/keys"
# crowd_starts RATE SECONDS: unknown keys from 16,000 made-up addresses.
crowd_starts() {
  background "$WORK/crowd" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/keys" \
    --count "$(($1 * $2))" --rate "$1" --to 198.51.100.1:51820 --source-prefix 198.18.0.0/15 \
    --source-spread 16000
  CROWD_PID=${PIDS[-1]}
}
listen_start "$GW" "$EVENTS" --deaf
crowd_starts 500 10
sleep 8
redial "$CL" "$WGC" 192.0.2.1:51820
check "a known peer connects" pings "$CL" 10.80.0.1 2
wait_for 20 process_is_gone "$CROWD_PID"
listen_ends
check "some events are lost" grep -q '"event":"lost"' "$EVENTS"
say "$(grep -c unknown_peer "$EVENTS") events of 5000 fitted into its receive buffer"

say "- under load"
listen_start "$GW" "$EVENTS"
crowd_starts 10000 60
offered_a_cookie() {
  in_ns "$CL" "$BUILD_DIR/tests/knock" key --private-key-file "$WORK/stranger.key" --listen 0.5 \
    --responder "$GATEWAY_KEY" --to 192.0.2.1:51820 | grep cookie_reply >/dev/null
}
check "the gateway is under load" wait_for 10 offered_a_cookie
run ip netns exec "$GW" wg set "$WGS" peer "$CLIENT_KEY" remove
fresh "$EVENTS"
redial "$CL" "$WGC" 192.0.2.1:51820 persistent-keepalive 25
with_cookie() { grep '"mac_state":3' "$EVENTS"; }
of_client() { with_cookie | grep -F "$CLIENT_KEY" >/dev/null; }
of_others() { with_cookie | grep -vF "$CLIENT_KEY" >/dev/null; }
check "a client with a cookie gives an event with both MACs valid" wait_for 20 of_client
check "while the load goes on" kill -0 "$CROWD_PID"
refute "the crowd gives no such event" of_others
end_process "$CROWD_PID"
listen_ends
run ip netns exec "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
sleep 2 # the load is over a second after the last queue

say "- nobody listens"
stranger_knocks 192.0.2.1:51820 40003
settle
check "no event for those who come later" seen "$EVENTS" 0
listen_start "$GW" "$EVENTS"
stranger_knocks 192.0.2.1:51820 40004
check "an event for the next to come" wait_for 5 seen "$EVENTS" 1
