#!/usr/bin/env python3
"""Changes one peer's keepalive in the database again and again, and waits each time until the device has it.

Prints the quantiles of the time from sending the statement to seeing its effect, in milliseconds. The device is a
userspace one, asked over its socket."""

import argparse
import base64
import socket
import subprocess
import time


def keepalive_of(path: str, key: str) -> int:
    with socket.socket(socket.AF_UNIX) as device:
        device.connect(path)
        device.sendall(b"get=1\n\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            answer += device.recv(65536)
    of_key = False
    for line in answer.decode().splitlines():
        name, _, value = line.partition("=")
        if name == "public_key":
            of_key = value == key
        elif name == "persistent_keepalive_interval" and of_key:
            return int(value)
    return -1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("dsn", "key", "socket"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--changes", type=int, default=300)
    arguments = parser.parse_args()
    key = base64.b64decode(arguments.key).hex()

    psql = subprocess.Popen(["psql", arguments.dsn, "-XqAt"], stdin=subprocess.PIPE, text=True)
    assert psql.stdin
    times = []
    for keepalive in range(1000, 1000 + arguments.changes):
        begin = time.monotonic()
        psql.stdin.write(
            f"UPDATE wg_provision.peers SET keepalive_seconds = {keepalive} WHERE public_key = '\\x{key}';\n"
        )
        psql.stdin.flush()
        while keepalive_of(arguments.socket, key) != keepalive:
            if time.monotonic() - begin > 10:
                raise SystemExit(f"change {keepalive} had no effect in 10 s")
            time.sleep(0.0005)
        times.append(1000 * (time.monotonic() - begin))
        time.sleep(0.02)
    psql.stdin.close()
    psql.wait()
    times.sort()
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        print(name, f"{times[min(len(times) - 1, int(share * len(times)))]:.3f}")


main()
