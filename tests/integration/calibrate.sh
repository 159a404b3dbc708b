#!/usr/bin/env bash
# How patient the scenarios have to be on this machine, as it is just now: prints a whole number of at least 1, by which
# they multiply their waits, and says on standard error what it measured. On an idle machine it is 1.
#
#   A  wga 10.80.0.1 --- up0 192.0.2.1 ======== 192.0.2.2 up0 --- wgb 10.80.0.2  B
#
# Two things stand for all others: a handshake between two devices, up to the first reply, and a new session with PostgreSQL that
# is asked one question. Each is done five times, and the slowest counts.
exec 3>&1 1>&2
PATIENCE=1
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

# What two idle cores take at most, in milliseconds.
readonly idle_handshake=60 idle_question=100

milliseconds() { printf '%d' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }
took() { # COMMAND...
  local begun
  begun=$(milliseconds)
  "$@" >/dev/null || { say "FAIL $*"; exit 1; }
  printf '%d' "$(($(milliseconds) - begun))"
}
handshake() { # the other end is made anew, so that the packet has to wait for a handshake
  in_ns "$A" wg set "$WGA" peer "$KEY_B" remove
  in_ns "$A" wg set "$WGA" peer "$KEY_B" endpoint 192.0.2.2:51820 allowed-ips 10.80.0.2/32
  in_ns "$A" ping -q -c 1 -W 5 10.80.0.2
}
slowest() { # COMMAND...
  local most=0 n this
  for n in 1 2 3 4 5; do
    this=$(took "$@")
    ((this <= most)) || most=$this
  done
  printf '%d' "$most"
}

database_start
namespace A a
namespace B b
cable "$A" up0 192.0.2.1/24 "$B" up0 192.0.2.2/24
WGA=wa$TAG WGB=wb$TAG
KEY_A=$(key_pair a)
KEY_B=$(key_pair b)
wg_interface "$A" "$WGA" "$WORK/a.key" 51820 10.80.0.1/16
wg_interface "$B" "$WGB" "$WORK/b.key" 51820 10.80.0.2/16
in_ns "$B" wg set "$WGB" peer "$KEY_A" allowed-ips 10.80.0.1/32
handshake_ms=$(slowest handshake)
question_ms=$(slowest sql 'SELECT 1')
patience=$(((handshake_ms + idle_handshake - 1) / idle_handshake))
other=$(((question_ms + idle_question - 1) / idle_question))
((patience >= other)) || patience=$other
((patience <= 4)) || patience=4
say "a handshake takes $handshake_ms ms, a question to PostgreSQL $question_ms ms: patience $patience"
printf '%d\n' "$patience" >&3
