"""What servers of both versions of HTTP share: the handler of requests, and the connections without one."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from lab.http import HttpRequest, Response

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Answers that never have a body: RFC 9110, 6.4.1."""

Handler = Callable[[HttpRequest], Awaitable[Response]]


class IdleConnections:
    """The connections that have no request under way, which a server that stops need not wait for."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._closers: dict[asyncio.StreamWriter, Callable[[], None]] = {}

    def add(self, writer: asyncio.StreamWriter, close: Callable[[], None]) -> None:
        """Note an idle connection with the way to close it; close it at once when the server stops."""
        self._closers[writer] = close
        if self.is_stopping:
            close()

    def discard(self, writer: asyncio.StreamWriter) -> None:
        """Note that a connection has a request under way, or is no more."""
        self._closers.pop(writer, None)

    def stop(self) -> None:
        """Close all of them, now and from now on."""
        self.is_stopping = True
        for close in list(self._closers.values()):
            close()
