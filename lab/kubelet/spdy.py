"""The frames of SPDY/3.1, which the API server speaks to the lab's kubelet: no library for Python is kept up.

Format: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/. Windows are left out, as in the library of
Kubernetes (github.com/moby/spdystream): no side waits for the other to announce one.
"""

import asyncio
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

_NAMES = """
options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match
if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range
referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get
status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin
"""
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_LONGEST_CONTROL_FRAME = 2**16
_LONGEST_HEADERS = 2**16
_CONTROL = 0x80030000
"""The first word of a control frame: a bit that says so, and the version of the protocol."""


def _dictionary() -> bytes:
    names = [name.replace("_", " ").encode() for name in _NAMES.split()]
    return b"".join(struct.pack(">I", len(name)) + name for name in names) + _REST.encode()


DICTIONARY = _dictionary()
"""The dictionary with which both sides' compression begins: section 2.6.10.1 of the format."""


class Kind(IntEnum):
    """The type of a frame."""

    DATA = 0
    OPEN = 1
    REPLY = 2
    RESET = 3
    SETTINGS = 4
    PING = 6
    GO_AWAY = 7
    HEADERS = 8
    WINDOW = 9


@dataclass(frozen=True)
class Frame:
    """A frame.

    Attributes:
        kind: Its type.
        stream: The stream that it belongs to, if it belongs to one.
        last: Whether it is the sender's last one of the stream.
        content: What it carries: of a stream's data, or still packed.
        headers: Of a frame that opens a stream; their names are in lower case.
    """

    kind: Kind
    stream: int = 0
    last: bool = False
    content: bytes = b""
    headers: Mapping[str, str] | None = None


class Decoder:
    """Reads the frames of one connection."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    async def frame(self) -> Frame | None:
        """Return the next frame, or nothing at the end of the connection.

        Raises:
            ValueError: What came is no frame, or an outrageous one.
        """
        try:
            word, length = struct.unpack(">II", await self._reader.readexactly(8))
            last, length = bool(length >> 24 & 1), length & 0xFFFFFF
            if not word >> 31:
                return Frame(Kind.DATA, word, last, await self._reader.readexactly(length))
            if length > _LONGEST_CONTROL_FRAME or word & 0xFFFF0000 != _CONTROL:
                message = f"{word:#x} begins no frame of SPDY/3.1, or one that is too long: {length} bytes"
                raise ValueError(message)
            return self._control(Kind(word & 0xFFFF), last, await self._reader.readexactly(length))
        except asyncio.IncompleteReadError:
            return None
        except (struct.error, zlib.error) as error:
            message = f"a frame is broken: {error}"
            raise ValueError(message) from error

    def _control(self, kind: Kind, last: bool, content: bytes) -> Frame:
        if kind in (Kind.SETTINGS, Kind.PING, Kind.GO_AWAY):
            return Frame(kind, content=content)
        (stream,) = struct.unpack_from(">I", content)
        # All headers are one compressed text: unused headers have to be read as well.
        packed = {Kind.OPEN: 10, Kind.REPLY: 4, Kind.HEADERS: 4}.get(kind)
        headers = None if packed is None else self._headers(content[packed:])
        return Frame(kind, stream, last, content, headers)

    def _headers(self, packed: bytes) -> Mapping[str, str]:
        text = self._inflate.decompress(packed, _LONGEST_HEADERS)
        if self._inflate.unconsumed_tail:
            message = "the headers of a stream are too long"
            raise ValueError(message)
        (count,) = struct.unpack_from(">I", text)
        offset, parts = 4, []
        for _ in range(2 * count):
            (length,) = struct.unpack_from(">I", text, offset)
            parts.append(text[offset + 4 : offset + 4 + length].decode("latin-1"))
            offset += 4 + length
        return dict(zip(parts[::2], parts[1::2], strict=True))


class Encoder:
    """Writes the frames of one connection."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def data(self, stream: int, content: bytes, *, last: bool = False) -> bytes:
        """Return what carries data, and says whether there is more to come."""
        return struct.pack(">II", stream, last << 24 | len(content)) + content

    def reply(self, stream: int) -> bytes:
        """Return what accepts a stream, without any headers."""
        headers = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(Kind.REPLY, struct.pack(">I", stream) + headers)

    def reset(self, stream: int) -> bytes:
        """Return what cancels a stream."""
        cancel = 5
        return _control(Kind.RESET, struct.pack(">II", stream, cancel))

    def ping(self, content: bytes) -> bytes:
        """Return the answer to a ping: the same again."""
        return _control(Kind.PING, content)


def _control(kind: Kind, content: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | kind, len(content)) + content
