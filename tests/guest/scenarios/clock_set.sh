#!/usr/bin/env bash
# alone
# The machine's clock is set, forward and back, also just before the daemon starts: nobody who has a
# session is evicted, newcomers get in, and only who has an expiry leaves at that date.
#
#   CL   wgc 10.80.0.2 --- up0 192.0.2.2 ==== 192.0.2.1 up0 ------,
#   CL2  wgd 10.80.0.3 --- up0 198.51.100.2 ==== 198.51.100.1 up1 -- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"
if [[ -z ${WG_PROVISIOND_GUEST:-} ]]; then
  say "FAIL clock_set: only in the guest, whose clock is nobody else's"
  exit 1
fi

# set_clock WHEN, as date(1) takes it. clock_back: as if nothing had happened.
set_clock() { run date -s "$1" >/dev/null; }
uptime_seconds() { cut -d. -f1 /proc/uptime; }
BOOTED=$(($(date +%s) - $(uptime_seconds)))
clock_back() { date -s "@$((BOOTED + $(uptime_seconds)))"; }
at_end clock_back
passes() { metrics | awk '$1 == "wg_provisiond_watch_pass_duration_seconds_count" { print $2 }'; }
passes_since() { (($(passes) >= $1 + 3)); }
# three_passes: what two of them in a row find has been done.
three_passes() { wait_for 5 passes_since "$(passes)"; }

database_start
standard_topology
second_client
late_key=$(key_pair late)
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_add "$CLIENT2_KEY" 10.80.0.3/32
peer_add "$late_key" 10.80.0.4/32
write_config "$WORK/config.yaml" "$WGS" demo <<<"watch:
  interval: 300ms"
daemon_start "$GW" "$WORK/config.yaml"
client_start
check "the client connects" pings "$CL" 10.80.0.1 8

set_clock '+1 hour'
check "an hour ahead" three_passes
check "nobody is evicted" peers_are "$GW" "$WGS" 1
check "the tunnel is up" pings "$CL" 10.80.0.1 1
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another client connects" pings "$CL2" 10.80.0.1 8

daemon_stop
set_clock '+1 hour'
daemon_start "$GW" "$WORK/config.yaml"
check "an hour ahead between two daemons: both are adopted" wait_for 5 metric_is peers_adopted_total 2
check "and stay" three_passes
check "all of them" peers_are "$GW" "$WGS" 2

peer_set "$CLIENT2_KEY" "expires_at = now() + interval '30 minutes'"
check "one gets an expiry" three_passes
check "which is not yet" peers_are "$GW" "$WGS" 2
set_clock '+1 hour'
check "an hour ahead once more, it has passed" wait_for 3 metric_is 'evictions_total{reason="expired"}' 1
check "the other one stays" peers_are "$GW" "$WGS" 1

set_clock '-4 hours'
check "an hour behind" three_passes
check "nobody else leaves" peers_are "$GW" "$WGS" 1
check "the tunnel is up" pings "$CL" 10.80.0.1 1
knock "$CL" key --private-key-file "$WORK/late.key"
check "a newcomer is let in" wait_for 3 has_logged ' installed ' "$late_key"
