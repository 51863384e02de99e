"""Publishes ports on the host: carries connections from its sockets to addresses inside the lab's network.

A socket belongs to the network namespace in which it was made, wherever its descriptor travels. So the host's listening
sockets are made before the supervisor enters the lab's network, and it accepts from them while it connects inside.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from lab.errors import LabError

_BACKLOG = 1024


@dataclass(frozen=True)
class Publication:
    """A listening socket of the host, and where inside the lab's network its connections go.

    Attributes:
        listener: The socket.
        addresses: Returns for each new connection the hosts and ports that would take it, the best first.
    """

    listener: socket.socket
    addresses: Callable[[], Sequence[tuple[str, int]]]


def listen(port: int, option: str = "--port") -> socket.socket:
    """Return a listening socket on the host's loopback.

    Args:
        port: Its port.
        option: The command's option that chooses another port.

    Raises:
        LabError: The port cannot be had.
    """
    try:
        # create_server sets SO_REUSEADDR: connections of the last run that linger in TIME_WAIT are no obstacle.
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        reason = "taken by another process" if error.errno == errno.EADDRINUSE else "not for ordinary users"
        message = f"port {port} of 127.0.0.1 is {reason}: choose another one with {option}"
        raise LabError(message) from error


def listen_on_first(ports: Iterable[int]) -> socket.socket:
    """Return a listening socket on the first port that is free, or on any if none of them is."""
    for port in ports:
        with contextlib.suppress(LabError):
            return listen(port)
    return listen(0)


async def serve(publications: Sequence[Publication]) -> list[asyncio.Server]:
    """Begin to carry connections; they end with the servers' event loop."""
    loop = asyncio.get_running_loop()
    return [
        await loop.create_server(
            partial(_ClientEnd, publication.addresses),
            sock=publication.listener,
            backlog=_BACKLOG,
        )
        for publication in publications
    ]


class _ConnectionEnd(asyncio.Protocol):
    """One end of a carried connection; the other end sends what it receives."""

    def __init__(self, peer: "_ConnectionEnd | None" = None) -> None:
        self.peer = peer
        self.transport: asyncio.Transport | None = None
        self.heard_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the half-close on, and keep this end open for the answer that may still come."""
        self.heard_all = True
        peer = self.peer
        if peer is None or peer.transport is None or peer.transport.is_closing():
            return False
        peer.transport.write_eof()
        if peer.heard_all:
            peer.transport.close()
            return False
        return True

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """End the other end the same way: what is still to be sent is sent, unless the connection broke."""
        peer, self.peer, self.transport = self.peer, None, None
        if peer is None or peer.transport is None:
            return
        if error is None:
            peer.transport.close()
        else:
            peer.transport.abort()


class _ClientEnd(_ConnectionEnd):
    """The end that the host opened; it opens the other."""

    def __init__(self, addresses: Callable[[], Sequence[tuple[str, int]]]) -> None:
        super().__init__()
        self._addresses = addresses
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        # Nothing is read before the other end is there to send it. Not at once: asyncio of Python 3.11.2 begins to read
        # after this call in any case (_SelectorSocketTransport.__init__ in asyncio/selector_events.py).
        loop.call_soon(cast(asyncio.Transport, transport).pause_reading)
        self._connecting = loop.create_task(self._connect())

    def connection_lost(self, error: Exception | None) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        super().connection_lost(error)

    async def _connect(self) -> None:
        inside = _ConnectionEnd(self)
        try:
            connected = await self._reach(inside)
        finally:
            self._connecting = None
        if not connected:
            if self.transport is not None:
                self.transport.abort()
            return
        self.peer = inside
        if self.transport is None:
            cast(asyncio.Transport, inside.transport).abort()
        else:
            self.transport.resume_reading()

    async def _reach(self, inside: _ConnectionEnd) -> bool:
        """Connect to the first address that takes the connection; say whether one did."""
        for host, port in self._addresses():
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: inside, host, port)
                return True
        return False
