#!/usr/bin/env python3
"""Sends one handshake initiation (no real one: a type, a length and a mark), wrapped as told.

    send_frame.py KIND MARK DESTINATION [KEY=VALUE...]

MARK is eight hexadecimal digits, which become the first four bytes of mac1. The kinds:

    plain         from=PORT port=PORT count=N
    sized         size=BYTES          another length
    typed         type=NUMBER         another message type
    v4-options    40 bytes of IPv4 options
    v6-options    headers=NAME,...    sticky options as in RFC 3542: IPV6_HOPOPTS, IPV6_DSTOPTS
    v4-fragments, v6-fragments        in two pieces
    v4-spoofed    source=ADDRESS from=PORT
    v6-chain      sizes=BYTES,...     destination options headers of these sizes
    tagged        device=NAME gateway=MAC vlan=ID    an IPv4 frame with an 802.1Q header

All but the first four need root.
"""
import socket, struct, sys

kind, mark, destination = sys.argv[1:4]
options = dict(word.split("=", 1) for word in sys.argv[4:])
port = int(options.get("port", 51820))
count = int(options.get("count", 1))
family = socket.AF_INET6 if ":" in destination else socket.AF_INET
where = socket.getaddrinfo(destination, port, family, socket.SOCK_DGRAM)[0][4]


def initiation(size=148, message_type=1):
    body = bytearray(max(size, 148))
    body[0] = message_type
    body[116:120] = bytes.fromhex(mark)
    return bytes(body[:size])


def udp_socket():
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", int(options.get("from", 0))))
    return s


def udp(payload, source_port=40000):
    # No checksum: nobody but the capture reads these.
    return struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload


def v4(payload, fragment=0, source="10.77.0.2"):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, fragment, 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header + payload


def v6(payload, next_header):
    return (struct.pack("!IHBB", 0x60000000, len(payload), next_header, 64)
            + socket.inet_pton(socket.AF_INET6, "fd77::2")
            + socket.inet_pton(socket.AF_INET6, destination) + payload)


def padded_options(next_header, size):
    # One destination options header of `size` bytes, filled with PadN options.
    body, left = b"", size - 2
    while left:
        pad = min(left, 255)
        if left - pad == 1:
            pad -= 1
        body += bytes([1, pad - 2]) + bytes(pad - 2)
        left -= pad
    return bytes([next_header, size // 8 - 1]) + body


def chain(sizes):
    headers = b""
    for i, size in enumerate(sizes):
        headers += padded_options(17 if i == len(sizes) - 1 else 60, size)
    return headers


def tagged(packet):
    # An 802.1Q header in the frame itself.
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((options["device"], 0))
    gateway = bytes.fromhex(options["gateway"].replace(":", ""))
    ours = s.getsockname()[4]
    s.send(gateway + ours + struct.pack("!HHH", 0x8100, int(options["vlan"]), 0x0800) + packet)


def raw(packet):
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if family == socket.AF_INET:
        s.sendto(packet, (destination, 0))
    else:
        s.sendto(packet, (destination, 0, 0, 0))


if kind == "plain":
    s = udp_socket()
    for _ in range(count):
        s.sendto(initiation(), where)
elif kind == "sized":
    udp_socket().sendto(initiation(size=int(options["size"])), where)
elif kind == "typed":
    udp_socket().sendto(initiation(message_type=int(options["type"])), where)
elif kind == "v4-options":
    s = udp_socket()
    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([7, 39, 4]) + bytes(36) + b"\0")
    s.sendto(initiation(), where)
elif kind == "v6-options":
    s = udp_socket()
    pad = bytes([0, 0, 1, 4, 0, 0, 0, 0])
    for name in options["headers"].split(","):
        s.setsockopt(socket.IPPROTO_IPV6, getattr(socket, name), pad)
    s.sendto(initiation(), where)
elif kind == "tagged":
    tagged(v4(udp(initiation())))
elif kind == "v4-fragments":
    whole = udp(initiation())
    raw(v4(whole[:152], fragment=0x2000))
    raw(v4(whole[152:], fragment=152 // 8))
elif kind == "v6-fragments":
    whole = udp(initiation())
    raw(v6(struct.pack("!BBHI", 17, 0, 1, 7) + whole[:152], 44))
    raw(v6(struct.pack("!BBHI", 17, 0, 152, 7) + whole[152:], 44))
elif kind == "v4-spoofed":
    raw(v4(udp(initiation(), int(options.get("from", 40000))), source=options["source"]))
elif kind == "v6-chain":
    raw(v6(chain([int(size) for size in options["sizes"].split(",")]) + udp(initiation()), 60))
else:
    sys.exit("unknown kind " + kind)
