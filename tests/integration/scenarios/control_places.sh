#!/usr/bin/env bash
# A member of the control group that holds every place it can get at the control socket, and drains the
# gateway, does not keep root from resuming: places are kept for root, and a user has three.
#
#   GW  wgs 10.80.0.1, wg-provisiond as root, control.group: games
#        ^ control.sock <- 12 connections of nobody:games, 12 of daemon:games; and root
source "$(dirname "$0")/../lib.sh"

database_start
standard_topology
write_config "$WORK/config.yaml" "$WGS" demo </dev/null
sed -i "s,^  socket: .*,&\n  group: games," "$WORK/config.yaml"
daemon_start "$GW" "$WORK/config.yaml"
cp "$BUILD_DIR/service/wg-provisionctl" "$WORK/wg-provisionctl"

# as_member USER COMMAND...: of that group.
as_member() { setpriv --reuid="$1" --regid=games --clear-groups "${@:2}"; }
member_drains() { as_member nobody "$WORK/wg-provisionctl" drain --socket "$WORK/control.sock"; }
check "a member may drain" member_drains

# Holds what it gets, and asks now and then so that it is not cut; a place that it lost it takes again.
cat >"$WORK/hold.py" <<'PY'
import grp, os, pwd, socket, sys, time
os.setgroups([])
os.setgid(grp.getgrnam("games").gr_gid)
os.setuid(pwd.getpwnam(sys.argv[2]).pw_uid)
places = {}
end = time.monotonic() + 90
while time.monotonic() < end:
    for i in range(12):
        try:
            if i not in places:
                places[i] = socket.socket(socket.AF_UNIX)
                places[i].settimeout(0.2)
                places[i].connect(sys.argv[1])
            places[i].sendall(b'{"request": "status"}\n')
            answer = places[i].recv(65536)
            if not answer or b'"busy"' in answer:
                places.pop(i).close()
        except OSError:
            places.pop(i).close()
    print(len(places), flush=True)
    time.sleep(0.1)
PY
for user in nobody daemon; do
  background "$WORK/hold.$user" python3 "$WORK/hold.py" "$WORK/control.sock" "$user"
done
holds_some() { [[ $(tail -n 1 "$WORK/hold.$1") =~ ^[1-9] ]]; }
for user in nobody daemon; do check "$user holds places" wait_for 5 holds_some "$user"; done
sleep 1
check "no more than three" test "$(sort -n "$WORK/hold.nobody" | tail -n 1)" -le 3
check "both together leave two" test "$(($(tail -n 1 "$WORK/hold.nobody") + $(tail -n 1 "$WORK/hold.daemon")))" -le 6

for round in 1 2 3; do check "root is answered, time $round" control_says '^draining +yes' status; done
check "root resumes" control resume
check "the gateway does not drain any more" control_says '^draining +no' status
