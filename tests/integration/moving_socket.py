#!/usr/bin/env python3
"""A name that leads to one server now and to another later, like DNS or a virtual address.

moving_socket.py SOCKET FILE: whoever connects to SOCKET is connected to the socket whose path stands in FILE at that
moment. Connections that are there stay where they are, until one of their ends closes them.
"""
import asyncio
import os
import sys


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def connect(near_reader, near_writer, file):
    with open(file, encoding="utf-8") as text:
        target = text.read().strip()
    try:
        far_reader, far_writer = await asyncio.open_unix_connection(target)
    except OSError:
        near_writer.close()
        return
    await asyncio.gather(carry(near_reader, far_writer), carry(far_reader, near_writer))


async def main(path, file):
    server = await asyncio.start_unix_server(lambda reader, writer: connect(reader, writer, file), path)
    os.chmod(path, 0o777)
    async with server:
        await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
