#!/usr/bin/env bash
# alone
# While more than 512 handshakes wait in the kernel, it wants a cookie from everybody, and tells
# us only of initiations that have one: the crowd, which does not read its cookies, costs no event;
# a client gets in with its second try.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW  observer
#          as 198.18.0.0/15, in bursts
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
peer_add "$CLIENT_KEY" 10.80.0.2/32
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
daemon_start "$GW" "$WORK/config.yaml"
observe kernel "$GW" "$WGS" "$EVENT_SOURCE" --buffer "$((1 << 22))"
run "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count 800 --save "$WORK/keys"

# A burst on both processors, before everything else that wants to run there: the queue fills, and is
# worked off when the burst is over. The load lasts a second longer than that. Bounded: 100 bursts.
# shellcheck disable=SC2016  # expanded by that shell
background "$WORK/crowd.log" ip netns exec "$CL2" bash -c 'for n in {1..100}; do
    for cpu in 0 1; do
      setpriv --pdeathsig KILL chrt -f 10 taskset -c $cpu "$0" key --load "$1" \
        --to 198.51.100.1:51820 --source-prefix 198.18.0.0/15 --source-spread 16000 &
    done
    wait
    sleep 0.3
  done' "$BUILD_DIR/tests/knock" "$WORK/keys"
crowd=${PIDS[-1]}

key_pair witness >/dev/null
gets_a_cookie() {
  knock "$CL" key --private-key-file "$WORK/witness.key" --listen 0.5 >"$WORK/answers"
  grep -q '"type":"cookie_reply"' "$WORK/answers"
}
check "the kernel is under load: it answers with cookies" wait_for 10 gets_a_cookie
without_cookie=$(sight_count kernel '"mac_state":1')
say "before that, it told of $without_cookie without a cookie"

wg_interface "$CL" "$WGC" "$WORK/client.key" 0 10.80.0.2/16
dial "$CL" "$WGC" 192.0.2.1:51820
# The time of one try, whatever the patience: the client's next is 5 s later.
one_try() { PATIENCE=1 pings "$CL" 10.80.0.1 3; }
refute "the client's first try gets no tunnel" one_try
check "a later one, with the cookie, does" pings "$CL" 10.80.0.1 12
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "while the load goes on" kill -0 "$crowd"
check "it still is load" gets_a_cookie
with_cookie() { sights kernel '"mac_state":2' | grep -F "\"$CLIENT_KEY\""; }
check "the client was reported with its cookie" grep -q . <(with_cookie)
# A machine that has other work may let the queue run dry between two bursts for a moment, and then the
# kernel takes everybody; that much is left to it.
others=$(($(sight_count kernel) - without_cookie - $(with_cookie | wc -l)))
sent=$(sed -nE 's/.*"event":"sent","count":([0-9]+).*/\1/p' "$WORK/crowd.log" | awk '{ n += $1 } END { print n + 0 }')
say "of $sent initiations of the crowd it told of $others more"
check "of the crowd it has told next to nothing since" test "$((20 * others))" -le "$sent"
end_process "$crowd" || true
check "every sighting is accounted for" wait_for 10 all_accounted_for
