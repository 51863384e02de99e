"""HTTP/1.1 on h11: messages, and one end of a connection."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import h11

Headers = tuple[tuple[str, str], ...]

_CHUNK = 65536


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request; the names of its headers are in lower case."""

    verb: str
    target: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the value of a header; repeated ones joined, empty if it is missing."""
        return ("; " if name == "cookie" else ", ").join(value for header, value in self.headers if header == name)


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""


Role = type[h11.CLIENT | h11.SERVER]


class Wire:
    """One end of a connection: h11's state, and the streams that its bytes go through."""

    def __init__(self, role: Role, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams
        self.state = h11.Connection(role)

    async def send(self, *events: h11.Event) -> None:
        """Send events in one piece."""
        self._writer.write(b"".join(self.state.send(event) or b"" for event in events))
        await self._writer.drain()

    async def next_event(self) -> h11.Event | type[h11.PAUSED]:
        """Wait for the next event from the other end."""
        while (event := self.state.next_event()) is h11.NEED_DATA:
            if self.state.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.state.receive_data(await self._reader.read(_CHUNK))
        if isinstance(event, type) and event is not h11.PAUSED:
            raise h11.RemoteProtocolError("the connection was closed")
        return event

    async def body(self) -> bytes:
        """Read the body of a message."""
        parts = []
        while isinstance(event := await self.next_event(), h11.Data):
            parts.append(bytes(event.data))
        return b"".join(parts)

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


def encode_headers(lines: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return headers in the form that h11 takes."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]


def decode_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return headers that h11 gives as text."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
