"""A request to the kubelet's API, and the ways to answer it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from lab.http import Wire, decode_headers, encode_headers
from lab.kubelet.refusal import Refusal
from lab.kubelet.streams import StreamConnection

_SPDY = "SPDY/3.1"


class Exchange:
    """A request and its answer.

    Attributes:
        path: The parts of the path.
        query: The values of the query by their names.
    """

    def __init__(
        self, request: h11.Request, wire: Wire, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        """Take a request that was read as a whole from a connection that now belongs to this exchange."""
        target = urlsplit(request.target.decode("latin-1"))
        self.path = tuple(unquote(part) for part in target.path.split("/")[1:])
        self.query: Mapping[str, list[str]] = parse_qs(target.query)
        self._headers = decode_headers(request.headers)
        self._wire = wire
        self._reader, self._writer = streams

    def flag(self, name: str) -> bool:
        """Return a switch of the query."""
        return self.query.get(name, [""])[-1] in ("1", "true")

    async def answer(self, content: str, kind: str = "text/plain", status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with a text as a whole."""
        body = content.encode()
        await self._begin(status, kind, ("content-length", str(len(body))))
        await self._wire.send(h11.Data(data=body), h11.EndOfMessage())

    async def stream(self, parts: AsyncIterator[bytes]) -> None:
        """Answer with parts as they come, until the other side has enough."""
        await self._begin(HTTPStatus.OK, "text/plain", ("transfer-encoding", "chunked"))
        sending = asyncio.create_task(self._send(parts))
        leaving = asyncio.create_task(self._reader.read())
        done, pending = await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if sending in done:
            await sending

    async def upgrade(self, protocol: str) -> StreamConnection:
        """Answer by going over to SPDY.

        Raises:
            Refusal: The client did not ask for that.
        """
        offered = [name.strip() for name in self._header("x-stream-protocol-version").split(",")]
        if self._header("upgrade").lower() != _SPDY.lower():
            message = f"it takes an upgrade to {_SPDY}, not to {self._header('upgrade') or 'nothing'}"
            raise Refusal(message)
        if protocol not in offered:
            message = f"of the protocols {offered} none is {protocol}"
            raise Refusal(message, HTTPStatus.FORBIDDEN)
        headers = [("connection", "Upgrade"), ("upgrade", _SPDY), ("x-stream-protocol-version", protocol)]
        await self._wire.send(h11.InformationalResponse(status_code=101, headers=encode_headers(headers)))
        return StreamConnection(self._reader, self._writer)

    def _header(self, name: str) -> str:
        return ",".join(value for header, value in self._headers if header == name)

    async def _begin(self, status: HTTPStatus, kind: str, length: tuple[str, str]) -> None:
        headers = [("content-type", kind), ("connection", "close"), length]
        await self._wire.send(h11.Response(status_code=status, headers=encode_headers(headers)))

    async def _send(self, parts: AsyncIterator[bytes]) -> None:
        async for part in parts:
            await self._wire.send(h11.Data(data=part))
        await self._wire.send(h11.EndOfMessage())
