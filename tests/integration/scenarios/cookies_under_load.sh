#!/usr/bin/env bash
# Under load a sender has to show that it receives at its address: a client gets a cookie instead of
# a tunnel, and the tunnel at its next try, which carries the cookie, while the load goes on.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW
#          as 198.18.0.0/15
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
peer_add "$CLIENT_KEY" 10.80.0.2/32
# A small total budget, spent at once by who has no cookie. That makes load for a second, in which
# only senders with a cookie get to the budget, so there is something in it for them.
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {total: {rate: 100/s, burst: 5}}"
daemon_start "$GW" "$WORK/config.yaml"
client_start

rate=$((2000 / PATIENCE))
run "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count "$((2 * rate))" \
  --save "$WORK/keys"
background "$WORK/crowd.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/keys" \
  --count "$((60 * rate))" --rate "$rate" --to 198.51.100.1:51820 \
  --source-prefix 198.18.0.0/15 --source-spread 16000
crowd=${PIDS[-1]}
check "the crowd gets cookies" wait_for 5 metric_at_least cookie_replies_sent_total 100

knock "$CL" key --private-key-file "$WORK/client.key" --listen 0.5 >"$WORK/answers"
check "a single sender gets one too" grep -q '"type":"cookie_reply"' "$WORK/answers"

# Just after the budget was spent there is load for a second.
spent=$(metric 'refusals_total{reason="global_budget"}')
wait_for 5 metric_at_least 'refusals_total{reason="global_budget"}' "$((spent + 1))"
# The time of one try, whatever the patience: the client's next is 5 s later.
one_try() { PATIENCE=1 pings "$CL" 10.80.0.1 3; }
refute "the client's first try gets no tunnel" one_try
check "its next one, with the cookie, does" pings "$CL" 10.80.0.1 12
check "one peer connected" wait_for 3 metric_is peers_connected_total 1
check "while the load goes on" kill -0 "$crowd"
end_process "$crowd" || true
check "every sighting is accounted for" wait_for 10 all_accounted_for
