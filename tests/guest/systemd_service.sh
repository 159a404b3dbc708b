#!/usr/bin/env bash
# The service as it is installed: systemd starts it, as its own user, waits until it is ready, pets
# it, starts it again when it hangs, and stops it without touching a peer; its control socket is the
# group's. Runs in the guest, whose own network is the gateway's.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  the guest
#                                       wg-provisiond.service -> PostgreSQL, DSN as a credential
if [[ ${WG_PROVISIOND_GUEST:-} != systemd ]]; then
  printf 'systemd_service: only in the guest, booted with systemd; README.md tells how\n' >&2
  exit 1
fi
# The unit has a /tmp of its own.
export TMPDIR=/run
# shellcheck source=../integration/lib.sh
source "$(dirname "$0")/../integration/lib.sh"

unit=wg-provisiond.service
property() { systemctl show --property "$1" --value "$unit"; }
property_is() { [[ $(property "$1") == "$2" ]]; }
status_line() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(property MainPID)/status"; }
journal() { journalctl --unit "$unit" --output cat --no-pager; }
has_journal() { (($(journal | grep -cE -- "$1") > 0)); }

# Debian's packages as scripts/package.sh makes them. Manual pages are not indexed, which takes a minute here; and no policy of
# the host's keeps services from being started.
packages=("$ROOT"/build/guest/packages/wg-provision*.deb)
install_packages() { run dpkg --no-triggers --install "${packages[@]}"; }
install_service() {
  rm -f /usr/sbin/policy-rc.d
  install_packages
  run install -d "/etc/systemd/system/$unit.d"
  (umask 077; postgres_dsn user=daemon_login dbname=fleet >/etc/wg-provisiond/dsn)
  printf '[Service]\nLoadCredential=dsn:/etc/wg-provisiond/dsn\nWatchdogSec=%s\n' "$1" \
    >"/etc/systemd/system/$unit.d/test.conf"
  cat >/etc/wg-provisiond/wg-provisiond.yaml <<YAML
interfaces:
  - {name: $WGS, network: demo}
database:
  dsn-credential: dsn
YAML
  run systemctl daemon-reload
}

upgraded() { [[ $(property ActiveState) == active && $(property MainPID) != "$before" ]]; }

database_start
chmod 711 "$WORK/postgres" # the service is nobody of ours
GW=wgp-gw-$TAG
NAMESPACES+=("$GW")
run ip netns attach "$GW" $$
# shellcheck disable=SC2034  # where lib.sh asks for metrics
DAEMON_NS=$GW
standard_topology
peer_add "$CLIENT_KEY" 10.80.0.2/32
run postgres_stop
install_service 10s
check "the settings are its own group's" test "$(stat -c '%U %G %a' /etc/wg-provisiond/wg-provisiond.yaml)" = 'root wg-provisiond 640'
check "what is installed neither runs nor is enabled" test "$(systemctl is-enabled "$unit") $(property ActiveState)" = 'disabled inactive'
check "the unit is fit" systemd-analyze verify "/usr/lib/systemd/system/$unit"

run systemctl start --no-block "$unit"
check "without the database it is starting" wait_for 10 has_journal '(database session|change feed) lost'
check "and not ready" property_is ActiveState activating
run postgres_launch
check "with it, it becomes active" wait_for 10 property_is ActiveState active
property_is ActiveState active || { systemctl status "$unit"; journal; exit 1; }
check "its status tells what it has" wait_for 5 property_is StatusText \
  "1 of 1 interfaces, 2 database sessions, 0 peers"
check "it answers at its control socket" /usr/bin/wg-provisionctl status
check "it runs as its own user" test "$(stat -c %U "/proc/$(property MainPID)")" = wg-provisiond
check "with CAP_NET_ADMIN and CAP_NET_RAW" test "$(status_line CapEff)" = 0000000000003000
check "no other can be got" test "$(status_line CapBnd)" = 0000000000003000
check "nor privileges from files" test "$(status_line NoNewPrivs)" = 1
check "system calls are filtered" test "$(status_line Seccomp)" = 2

client_start
check "without CAP_SYS_ADMIN it says so and captures" \
  has_journal '^event source .*source=capture .*CAP_SYS_ADMIN'
check "a client connects" pings "$CL" 10.80.0.1 3
check "the journal tells it" wait_for 3 has_journal '^connected .*key='
petted=$(property WatchdogTimestampMonotonic)
petted_since() { (($(property WatchdogTimestampMonotonic) > petted)); }
check "the watchdog is petted" wait_for 5 petted_since

hung=$(property MainPID)
run kill -STOP "$hung"
started_anew() { [[ $(property ActiveState) == active && $(property MainPID) != "$hung" ]]; }
check "hung, it is killed and started again" wait_for 30 started_anew
check "the tunnel is up" pings "$CL" 10.80.0.1 3
check "the peer was adopted" wait_for 5 metric_is peers 1

run groupadd --system wg-admins
run useradd --system --groups wg-admins anna
run useradd --system stranger
printf '[Service]\nSupplementaryGroups=wg-admins\n' >"/etc/systemd/system/$unit.d/group.conf"
printf 'control: {group: wg-admins}\n' >>/etc/wg-provisiond/wg-provisiond.yaml
run install -m 644 "$ROOT/deploy/systemd/wg-provisiond-probe.conf" "/etc/systemd/system/$unit.d/probe.conf"
run systemctl daemon-reload
run systemctl restart "$unit"
check "with the drop-in it uses the probe" has_journal '^event source .*source=probe'
check "and has no more rights than before" test "$(status_line CapPrm)" = 0000000000003000
check "nor can get more" test "$(status_line CapBnd)" = 0000000000003000
no_loader() { ! systemctl list-units --no-legend 'wg-provisiond-probe@*' | grep . >/dev/null; }
check "what has loaded the programs has ended" wait_for 5 no_loader
check "its control socket belongs to control.group" \
  test "$(stat -c '%U %G %a' /run/wg-provisiond/control.sock)" = 'wg-provisiond wg-admins 660'
status_asked_by() { runuser -u "$1" -- /usr/bin/wg-provisionctl status >/dev/null 2>&1; }
is_turned_away() { status_asked_by "$1" || (($? == 4)); }
check "a member of the group may ask" status_asked_by anna
check "somebody else may not" is_turned_away stranger
second_client
peer_add "$CLIENT2_KEY" 10.80.0.3/32
dial "$CL2" "$WGC2" 198.51.100.1:51820
check "another client connects" pings "$CL2" 10.80.0.1 3
check "the probe saw it" wait_for 3 metric_at_least 'sightings_total{source="probe"}' 1

run systemctl stop "$unit"
check "it stops in order" property_is Result success
check "the peers stay" peers_are "$GW" "$WGS" 2
check "the tunnel, too" pings "$CL" 10.80.0.1 3

run cp /etc/wg-provisiond/wg-provisiond.yaml "$WORK/good.yaml"
printf 'interfacs: []\n' >/etc/wg-provisiond/wg-provisiond.yaml
run systemctl start "$unit" || true
check "a bad configuration is told" has_journal 'did you mean "interfaces"'
check "and not tried again" property_is ActiveState failed
run cp "$WORK/good.yaml" /etc/wg-provisiond/wg-provisiond.yaml
run systemctl start "$unit"

before=$(property MainPID)
background "$WORK/ping.log" ip netns exec "$CL" ping -i 0.1 10.80.0.1
ping=$!
install_packages
check "an upgrade starts it again" wait_for 10 upgraded
check "with the settings of before" cmp "$WORK/good.yaml" /etc/wg-provisiond/wg-provisiond.yaml
check "and adopts its peers" wait_for 5 metric_is peers 2
run kill -INT "$ping"
check "no ping was lost" wait_for 3 grep -q ' 0% packet loss' "$WORK/ping.log"
((FAILURES == 0)) || journal

run dpkg --no-triggers --purge wg-provisiond wg-provisionctl
check "purged, it has ended" test -z "$(pgrep -x wg-provisiond)"
check "the peers stay" peers_are "$GW" "$WGS" 2
check "the tunnel, too" pings "$CL" 10.80.0.1 3
check "so does what was written beside the settings" test "$(ls /etc/wg-provisiond)" = dsn
left() { find /etc /usr /var -name '*wg-provision*' -not -path '/etc/systemd/system/*'; }
check "and nothing else: $(left | tr '\n' ' ')" test "$(left)" = /etc/wg-provisiond
