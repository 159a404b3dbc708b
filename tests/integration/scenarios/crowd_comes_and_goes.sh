#!/usr/bin/env bash
# slow
# Many clients come at once, fall silent, leave the device when they are idle, and come back at once. Nobody
# is stranded, nothing is left over, and the daemon holds no more than the first time.
#
#   CROWD   how many (default 500; 19,900 need 2 GiB, and PATIENCE=2 where two cores are all there is)
#
#   CL  crowd 198.18.0.0/15 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
source "$(dirname "$0")/../lib.sh"
# shellcheck source=../crowd.sh
source "$(dirname "$0")/../crowd.sh"

crowd=${CROWD:-500}
database_start
standard_topology
register_keys "$crowd" "$WORK/crowd.key"
sql "UPDATE wg_provision.networks SET idle_timeout = '180 seconds'"
write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
watch:
  interval: 1s
greet:
  deadline: 1m # a device that is busy with everybody answers late
YAML
sed -i 's/level: debug/level: info/' "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
crowd_start "$WORK/crowd.key"

crowd_comes
check "everybody has a session" crowd_is_up
check "and is on the device" wait_for 10 peers_are "$GW" "$WGS" "$crowd"
check "which the daemon knows" wait_for 10 metric_is 'peer_stages{stage="live"}' "$crowd"
sessions() { sql "SELECT count(*) FROM wg_provision.sessions WHERE gateway IS NOT NULL" 2>/dev/null; }
sessions_are() { (($(sessions) == $1)); }
check "the database too" wait_for 20 sessions_are "$crowd"
before=$(resident_kib)

gone() { metric_is peers 0; }
check "everybody leaves when idle" wait_for 240 gone
check "for that reason" metric_is 'evictions_total{reason="idle"}' "$crowd"
check "the device is empty" peers_are "$GW" "$WGS" 0

crowd_comes
check "everybody is back" crowd_is_up
check "on the device" wait_for 10 peers_are "$GW" "$WGS" "$crowd"
# The evictions are remembered in a table of fixed size, where some of very many push others out.
check "which is counted" metric_at_least premature_evictions_total "$((crowd - crowd / 1000))"
check "every sighting is accounted for" wait_for 10 all_accounted_for
refute "the daemon has not grown by a tenth and two megabytes" has_grown "$((2048 + before / 10))" "$before"
