"""Serves the cluster's DNS to the pods, at the lab's own address."""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from lab.dns.cluster_records import ClusterRecords
from lab.dns.dns_answers import answer_query

PORT = 53
_PATIENCE = 30.0

Records = Callable[[], ClusterRecords]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, records: Records) -> None:
        self._records = records
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transport of datagrams is none by its class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answer = answer_query(data, self._records(), datagram=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


async def serve_dns(address: str, port: int, records: Records) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    """Begin to answer questions, by UDP and by TCP.

    Args:
        address: Where to listen.
        port: The port.
        records: Returns the records as they are.

    Raises:
        OSError: The port is taken.
    """

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            while True:
                async with asyncio.timeout(_PATIENCE):
                    (length,) = struct.unpack(">H", await reader.readexactly(2))
                    answer = answer_query(await reader.readexactly(length), records(), datagram=False)
                if answer is None:
                    break
                writer.write(struct.pack(">H", len(answer)) + answer)
                await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(records), local_addr=(address, port))
    return transport, await asyncio.start_server(accept, address, port)
