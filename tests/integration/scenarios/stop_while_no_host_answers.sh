#!/usr/bin/env bash
# alone
# The database's three hosts swallow every packet. Told to stop, the daemon is gone within seconds: it
# waits for none of the connections that its threads are opening.
#
#   GW  wg-provisiond --> db0 203.0.113.1 ===== 203.0.113.2, .3, .4 db0  DB, which drops what comes
source "$(dirname "$0")/../lib.sh"

standard_topology
namespace DB db
cable "$GW" db0 203.0.113.1/24 "$DB" db0 203.0.113.2/24
run ip -n "$DB" address add 203.0.113.3/24 dev db0
run ip -n "$DB" address add 203.0.113.4/24 dev db0
run in_ns "$DB" nft 'table inet hole { chain in { type filter hook input priority 0; policy drop; }; }'

DAEMON_DSN="host=203.0.113.2,203.0.113.3,203.0.113.4 user=daemon_login dbname=fleet sslmode=disable"
write_config "$WORK/config.yaml" "$WGS" demo <<'YAML'
  sessions: 2
  connect-timeout: 5s
YAML
connecting() { (($(in_net "$GW" ss -Htn state syn-sent | wc -l) >= 3)); }
daemon_launch "$GW" "$WORK/config.yaml"
check "look-ups and the change feed are connecting" wait_for 5 connecting
sleep 1 # amid the first host's five seconds
began=$(date +%s%N)
check "told to stop, it is gone" daemon_stop
took=$((($(date +%s%N) - began) / 1000000))
check "soon ($took ms)" test "$took" -lt $((3000 + 500 * PATIENCE))
check "by itself" test "$DAEMON_STATUS" = 0
