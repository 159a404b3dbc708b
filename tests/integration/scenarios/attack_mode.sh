#!/usr/bin/env bash
# While the gateway is under attack, first contact needs a cookie: a device connects at its second try. An operator orders it
# on, off, and back to what the daemon judges, which enters it in a flood and leaves it after its end, with one line in the
# log each time.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  knock ------- up0 198.51.100.2 ==== 198.51.100.1 up1 ----- wgs 10.80.0.1  GW
#          as 198.18.0.0/24
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
namespace CL2 crowd
cable "$GW" up1 198.51.100.1/24 "$CL2" up0 198.51.100.2/24
run ip -n "$GW" route add 198.18.0.0/15 via 198.51.100.2
peer_add "$CLIENT_KEY" 10.80.0.2/32
rate=$((1500 / PATIENCE))
write_config "$WORK/config.yaml" "$WGS" demo <<<"admission: {per-prefix: 20/s}
attack: {refused: $((rate / 10)), calm: $((rate / 20)), enter-after: 3s, leave-after: 3s}"
daemon_start "$GW" "$WORK/config.yaml"

exit_of() { local status=0; "$@" >"$WORK/said" 2>&1 || status=$?; printf '%s' "$status"; }
# The time of one try, whatever the patience: the client's next is 5 s later.
one_try() { PATIENCE=1 pings "$CL" 10.80.0.1 3; }
check "at first there is none" control_says '^attack mode +no$' status
check "another word is a usage error" test "$(exit_of control attack-mode perhaps)" = 2

say "by order"
check "it is ordered" run control attack-mode on
check "the status says so" control_says '^attack mode +yes, ordered on$' status
check "so does the gauge" metric_is attack_mode 1
check "so does the log" has_logged ' attack mode entered, .* because="by order" '
client_start
refute "a device's first try gets no tunnel" one_try
check "but a cookie" metric_at_least cookie_replies_sent_total 1
check "so it is refused as that" is_refused cookie_required
check "the second one, with the cookie, connects" pings "$CL" 10.80.0.1 12
check "it is on the device" peers_are "$GW" "$WGS" 1
check "back to what the daemon judges" run control attack-mode auto
check "which sees no attack" control_says '^attack mode +no$' status
check "the log says so" has_logged ' attack mode left because=calm '

say "by itself"
run "$BUILD_DIR/tests/knock" random --responder "$GATEWAY_KEY" --count 2000 --save "$WORK/keys"
background "$WORK/crowd.log" ip netns exec "$CL2" "$BUILD_DIR/tests/knock" key --load "$WORK/keys" \
  --count "$((120 * rate))" --rate "$rate" --to 198.51.100.1:51820 --source-prefix 198.18.0.0/24 --source-spread 250
crowd=${PIDS[-1]}
check "a flood enters it" wait_for 15 metric_is attack_mode 1
check "and the status says so" control_says '^attack mode +yes$' status
check "every address is asked for a cookie now" control_says '^without a cookie +cookie_required' explain --source 203.0.113.9
run in_net "$CL" wg set "$WGC" peer "$GATEWAY_KEY" remove
sql "SELECT wg_provision.revoke_peer('$CLIENT_KEY', 'a test'); SELECT wg_provision.pardon_key('$CLIENT_KEY')" >/dev/null
check "the device is off" wait_for 5 peers_are "$GW" "$WGS" 0
peer_add "$CLIENT_KEY" 10.80.0.2/32
dial "$CL" "$WGC" 192.0.2.1:51820
check "a device connects at its second try at the latest" pings "$CL" 10.80.0.1 13
check "while it goes on" kill -0 "$crowd"
end_process "$crowd" || true
check "the flood's end leaves it" wait_for 12 metric_is attack_mode 0
check "it was entered twice" metric_is attack_mode_entries_total 2
check "the flood has one line at its begin" test "$(logged ' attack mode entered, .* because=("refused senders|load)')" = 1
check "and one at its end" test "$(logged ' attack mode left because=calm ')" = 2

say "off, and over a restart"
check "it is ordered off" run control attack-mode off
check "the status says so" control_says '^attack mode +no, ordered off$' status
daemon_stop
daemon_start "$GW" "$WORK/config.yaml"
check "a restart forgets the order" control_says '^attack mode +no$' status
daemon_stop
sed -i 's/^admission: {/&cookies: never, /' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
check "without cookies it is refused" test "$(exit_of control attack-mode on)" = 4
check "with the remedy" grep -q 'set admission.cookies: under-load' "$WORK/said"
