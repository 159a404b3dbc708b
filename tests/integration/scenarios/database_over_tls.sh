#!/usr/bin/env bash
# The database is another machine. The daemon and the command line talk to it by TLS and to nobody else: not to one whose
# certificate has another name or another authority, and a man in the middle who says that he has no TLS is told no password.
#
#                                                   ,-- 203.0.113.2  PostgreSQL, with a certificate for db.example
#   GW  wg-provisiond --- db0 203.0.113.1 ==== db0 <
#                                                   `-- 203.0.113.3  the man in the middle                     DB
source "$(dirname "$0")/../lib.sh"

database_start
namespace GW gw
namespace DB db
cable "$GW" db0 203.0.113.1/24 "$DB" db0 "203.0.113.2/24 203.0.113.3/24"
password=open-sesame-$TAG
sql "CREATE ROLE distant LOGIN PASSWORD '$password' IN ROLE wg_provision_daemon"

# Two authorities; the second one is nobody's. As in docs/database.md.
authority() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -keyout "$WORK/$1.key" -out "$WORK/$1.crt" 2>/dev/null
}
run authority authority
run authority stranger
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=db.example -addext subjectAltName=DNS:db.example \
  -keyout "$WORK/server.key" -out "$WORK/server.csr" 2>/dev/null
printf 'subjectAltName=DNS:db.example\n' >"$WORK/names"
run openssl x509 -req -in "$WORK/server.csr" -CA "$WORK/authority.crt" -CAkey "$WORK/authority.key" -CAcreateserial -days 2 \
  -extfile "$WORK/names" -out "$WORK/server.crt" 2>/dev/null

run postgres_stop
data=$postgres_dir/data
install -m 600 "$WORK/server.key" "$WORK/server.crt" "$data"
((EUID != 0)) || chown postgres: "$data/server.key" "$data/server.crt"
printf 'ssl = on\n' >>"$data/postgresql.conf"
printf 'hostssl all all 203.0.113.0/24 scram-sha-256\n' >>"$data/pg_hba.conf"
sed -i 's/^postgres_listen=.*/postgres_listen=203.0.113.2/' "$postgres_dir/settings"
run in_ns "$DB" "$ROOT/tests/integration/postgres.sh" "$postgres_dir" start
background "$WORK/false.log" ip netns exec "$DB" python3 "$ROOT/tests/integration/false_database.py" \
  203.0.113.3 "$postgres_port" "$WORK/caught"
listens() { in_ns "$DB" ss -ltnH "src $1" | grep . >/dev/null; }
check "the database listens" wait_for 5 listens 203.0.113.2
check "so does the man in the middle" wait_for 5 listens 203.0.113.3

to() { # ADDRESS NAME [WORDS]
  printf 'hostaddr=%s host=%s port=%s user=distant dbname=fleet password=%s connect_timeout=3 %s' \
    "$1" "$2" "$postgres_port" "$password" "${3:-}"
}
# serve NAME DSN: the daemon for some seconds; its log is $WORK/NAME.log. command_line NAME DSN: a subcommand.
configure() {
  (umask 077; printf '%s\n' "$2" >"$WORK/$1.dsn")
  printf 'interfaces:\n  - {name: wg0, network: demo}\nmetrics: {enabled: false}\ncontrol: {enabled: false}\ndatabase:\n  dsn-file: %s\n' \
    "$WORK/$1.dsn" >"$WORK/$1.yaml"
}
serve() {
  configure "$@"
  in_ns "$GW" env HOME="$WORK/nobody" timeout "$((4 * PATIENCE))" "$BUILD_DIR/service/wg-provisiond" \
    --config "$WORK/$1.yaml" >"$WORK/$1.log" 2>&1 || true
  sed 's/^/  | /' "$WORK/$1.log"
}
command_line() {
  configure "$@"
  in_ns "$GW" env HOME="$WORK/nobody" timeout "$((8 * PATIENCE))" "$BUILD_DIR/service/wg-provisionctl" network list \
    --dsn-file "$WORK/$1.dsn" >"$WORK/$1.log" 2>&1 || true
  sed 's/^/  | /' "$WORK/$1.log"
}
said() { grep -qE -- "$2" "$WORK/$1.log"; }
caught() { grep -qF -- "$password" "$WORK/caught"; }

serve proven "$(to 203.0.113.2 db.example "sslrootcert=$WORK/authority.crt")"
check "the daemon connects to the server of that name" said proven 'database session connected'
serve other_name "$(to 203.0.113.2 other.example "sslrootcert=$WORK/authority.crt")"
check "not where the certificate has another name" said other_name 'does not match host name'
serve other_authority "$(to 203.0.113.2 db.example "sslrootcert=$WORK/stranger.crt")"
check "not where it is somebody else's" said other_authority 'certificate verify failed'
serve no_authority "$(to 203.0.113.2 db.example)"
check "not without an authority, and it says what to do" said no_authority 'sslrootcert=|certificate verify failed'
for log in other_name other_authority no_authority; do
  refute "no session ($log)" said "$log" 'database session connected'
done
command_line proven_line "$(to 203.0.113.2 db.example "sslrootcert=$WORK/authority.crt")"
check "the command line connects, too" said proven_line 'permission denied for (table|view)'

serve middle "$(to 203.0.113.3 db.example "sslrootcert=$WORK/authority.crt")"
command_line middle_line "$(to 203.0.113.3 db.example "sslrootcert=$WORK/authority.crt")"
serve middle_bare "$(to 203.0.113.3 db.example)"
refute "the man in the middle is told no password" caught
check "the daemon says why" said middle 'server does not support SSL'
refute "nobody says that it is not safe" said middle 'not safe'

configure weak "$(to 203.0.113.2 db.example sslmode=require)"
in_ns "$GW" "$BUILD_DIR/service/wg-provisiond" --check-config --config "$WORK/weak.yaml" >"$WORK/check.log" 2>&1
check "less is possible where it is written, with a warning" grep -q 'warning: database: with sslmode=require' "$WORK/check.log"
refute "which shows no password" grep -qF -- "$password" "$WORK/check.log"
serve weak "$(to 203.0.113.2 db.example sslmode=require)"
check "in the log, too" said weak 'the way to the database is not safe .*sslmode=require'
check "and then the daemon connects" said weak 'database session connected'

in_ns "$GW" psql "$(to 203.0.113.3 db.example sslmode=prefer)" -c 'SELECT 1' >"$WORK/psql.log" 2>&1 || true
check "the man in the middle is one: psql by its default tells him" caught
refute "no log shows the password" grep -lF -- "$password" "$WORK"/*.log
: >"$WORK/daemon.log"
