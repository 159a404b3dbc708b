#!/usr/bin/env bash
# After a connect at log level debug, no secret stands where somebody may read it: log, metrics,
# arguments. The process can neither be traced by its own user nor leave a core.
#
#   CL  wgc 10.80.0.2 --- up0 192.0.2.2 ======== 192.0.2.1 up0 --- wgs 10.80.0.1  GW
#                                   wg-provisiond, as nobody -> PostgreSQL, with a password
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
password=open-sesame-$TAG
sql "CREATE ROLE needs_password LOGIN PASSWORD '$password' IN ROLE wg_provision_daemon"
(umask 077; wg genpsk >"$WORK/client.psk")
peer_add "$CLIENT_KEY" 10.80.0.2/32
peer_set "$CLIENT_KEY" "preshared_key = decode('$(<"$WORK/client.psk")', 'base64')"
# shellcheck disable=SC2034  # for write_config
DAEMON_DSN="$(postgres_dsn user=needs_password dbname=fleet "password=$password")"
write_config "$WORK/config.yaml" "$WGS" demo <<<"  query-deadline: 1s"
# What that user may reach: its configuration, its run time directory, the program, the database.
chown nobody "$WORK/config.yaml"
install -d -o nobody "$WORK/run"
sed -i "s,$WORK/control.sock,$WORK/run/control.sock," "$WORK/config.yaml"
DAEMON=$WORK/wg-provisiond
cp "$BUILD_DIR/service/wg-provisiond" "$DAEMON"
chmod 711 "$postgres_dir"
capabilities=+net_admin,+net_raw
[[ $WG_BACKEND == kernel ]] || capabilities+=,+dac_override # wireguard-go's socket is root's
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups
  "--inh-caps=$capabilities" "--ambient-caps=$capabilities")
daemon_start "$GW" "$WORK/config.yaml" "${as_nobody[@]}"

client_start 192.0.2.1:51820 preshared-key "$WORK/client.psk"
check "the client connects" pings "$CL" 10.80.0.1 8
knock "$CL" key --private-key-file <(wg genkey)
check "a stranger is refused" wait_for 2 metric_is 'refusals_total{reason="unknown_key"}' 1
run postgres_stop
knock "$CL" key --private-key-file <(wg genkey)
check "the database is away" wait_for 3 metric_is database_sessions 0

# Everything that it shows, in one file.
{
  cat "$WORK/daemon.log"
  metrics
  tr '\0' '\n' <"/proc/$DAEMON_PID/cmdline"
  tr '\0' '\n' <"/proc/$DAEMON_PID/environ"
} >"$WORK/shown"
check "the log is among it" grep -q ' connected ' "$WORK/shown"
shown() { grep -qiF -- "$1" "$WORK/shown"; }
hex_of() { base64 -d "$1" | od -An -v -tx1 | tr -d ' \n'; }
refute "the database password is not" shown "$password"
for secret in gateway.key client.psk client.key; do
  refute "$secret is not" shown "$(<"$WORK/$secret")"
  refute "$secret is not, in hexadecimal" shown "$(hex_of "$WORK/$secret")"
done

# A process that may be traced and dumped belongs to its user in /proc, another one to root.
belongs_to() { [[ $(stat -c %U "/proc/$1/mem") == "$2" ]]; }
background "$WORK/sleep.log" "${as_nobody[@]}" sleep 60
check "another process of that user may be traced" wait_for 2 belongs_to "${PIDS[-1]}" nobody
check "the daemon may not" belongs_to "$DAEMON_PID" root
check "it leaves no core" grep -qE '^Max core file size +0 +0 ' "/proc/$DAEMON_PID/limits"
