"""Streams and datagrams: servers that send everything back, and a client that sends a line."""

import asyncio
import logging
from typing import Any, cast

from lab.standins.answers import CallError, Values
from lab.standins.breakage import SLOW_SECONDS, Breakage
from lab.standins.calling import Calls, Headers
from lab.standins.directory import Endpoint
from lab.standins.headers import Received
from lab.standins.http_client import open_stream
from lab.standins.standin_call import StandinCall
from support.hops import Hop

_CHUNK = 65536

log = logging.getLogger(__name__)


class EchoServer:
    """Sends back what it receives on one TCP port, after the calls of its workload."""

    def __init__(self, calls: Calls, echo_calls: tuple[StandinCall, ...], breakage: Breakage) -> None:
        self._calls = calls
        self._echo_calls = echo_calls
        self._breakage = breakage
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, address: str, port: int, context: Any = None) -> None:  # noqa: ANN401 - asyncio's own type
        """Listen, unless the workload is one that never gets ready."""
        if self._breakage is not Breakage.NEVER_READY:
            self._server = await asyncio.start_server(self._accept, address, port, ssl=context)

    async def stop(self) -> None:
        """Stop listening and close the connections."""
        if self._server:
            self._server.close()
        for writer in self._connections.values():
            writer.close()
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[task] = writer
        # Not in the task: one that is cancelled before its first step never gets to its end.
        task.add_done_callback(lambda _: self._connections.pop(task).close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._make_calls()
                writer.write(data)
                await writer.drain()
        except CallError as error:
            # Bytes have no status: a client learns of a failure by the end of the connection.
            log.warning("closing a connection: %s", error)
        except OSError:
            return

    async def _make_calls(self) -> None:
        if self._breakage is Breakage.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if self._breakage is Breakage.ERROR:
            raise CallError("INTERNAL", "this version is broken on purpose")
        hops: list[Hop] = []
        values: Values = {}
        await self._calls.run(self._echo_calls, values, Received(headers={}), hops)


class DatagramEcho(asyncio.DatagramProtocol):
    """Sends back every datagram of one UDP port."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # That of asyncio's own loops is none by its class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 - asyncio's own type
        """Answer."""
        if self._transport:
            self._transport.sendto(data, addr)


class LineClient:
    """Sends lines that come back."""

    async def send(self, endpoint: Endpoint, call: StandinCall, body: bytes, headers: Headers) -> bytes:
        """Send the line of a call and wait for its return.

        Raises:
            CallError: It did not come back.
        """
        del body, headers
        line = f"{call.line}\n".encode()
        try:
            async with asyncio.timeout(call.timeout_seconds):
                reader, writer = await open_stream(endpoint, tls=call.tls)
                try:
                    writer.write(line)
                    answer = await reader.readexactly(len(line))
                finally:
                    writer.close()
        except (OSError, EOFError) as error:
            raise CallError("UNAVAILABLE", str(error) or type(error).__name__) from error
        if answer != line:
            raise CallError("INTERNAL", "the answer is not a stand-in's")
        return answer
