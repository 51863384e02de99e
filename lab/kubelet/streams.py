"""The streams of one connection that was upgraded to SPDY."""

import asyncio
from collections.abc import Callable, Mapping

from lab.kubelet.spdy import Decoder, Encoder, Kind

_MOST = 2**20
"""Bytes that a stream may buffer for its reader, until its connection is not read any further."""


class Stream:
    """A stream: bytes in both directions, each of which ends by itself."""

    def __init__(self, number: int, headers: Mapping[str, str], connection: "StreamConnection") -> None:
        self.number = number
        self.headers = headers
        self.room = asyncio.Event()
        self.room.set()
        self._connection = connection
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._buffered = 0
        self._closed = False

    def feed(self, content: bytes, *, last: bool) -> None:
        """Take what has come for it."""
        if content and not self._closed:
            self._inbox.put_nowait(content)
            self._buffered += len(content)
            if self._buffered > _MOST:
                self.room.clear()
        if last:
            self._inbox.put_nowait(b"")

    async def read(self) -> bytes:
        """Wait for what comes next; nothing is the end, and must not be read twice."""
        content = await self._inbox.get()
        self._buffered -= len(content)
        if self._buffered <= _MOST:
            self.room.set()
        return content

    async def write(self, content: bytes) -> None:
        """Send."""
        if content and not self._closed:
            await self._connection.send(self._connection.encoder.data(self.number, content))

    async def finish(self) -> None:
        """Say that nothing more is sent."""
        if not self._closed:
            await self._connection.send(self._connection.encoder.data(self.number, b"", last=True))

    async def reset(self) -> None:
        """Give it up in both directions."""
        self.forget()
        await self._connection.send(self._connection.encoder.reset(self.number))

    def forget(self) -> None:
        """Take nothing more from its other end, and send nothing more to it."""
        self._closed = True
        self._inbox.put_nowait(b"")
        self.room.set()


class StreamConnection:
    """A connection, whose streams the other side opens."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.encoder = Encoder()
        self._decoder = Decoder(reader)
        self._writer = writer
        self._streams: dict[int, Stream] = {}

    async def send(self, frame: bytes) -> None:
        """Send a frame.

        Raises:
            OSError: The connection is broken.
        """
        self._writer.write(frame)
        await self._writer.drain()

    async def serve(self, opened: Callable[[Stream], None]) -> None:
        """Hand over every stream that is opened, until the connection ends.

        Raises:
            OSError: The connection is broken.
            ValueError: The other side does not keep to the protocol.
        """
        try:
            while (frame := await self._decoder.frame()) and frame.kind != Kind.GO_AWAY:
                stream = self._streams.get(frame.stream)
                if frame.kind == Kind.OPEN and frame.headers is not None:
                    stream = self._streams[frame.stream] = Stream(frame.stream, frame.headers, self)
                    await self.send(self.encoder.reply(frame.stream))
                    opened(stream)
                    stream.feed(b"", last=frame.last)
                elif frame.kind == Kind.DATA and stream is not None:
                    stream.feed(frame.content, last=frame.last)
                    await stream.room.wait()
                elif frame.kind == Kind.RESET and stream is not None:
                    del self._streams[frame.stream]
                    stream.forget()
                elif frame.kind == Kind.PING:
                    await self.send(self.encoder.ping(frame.content))
        finally:
            for stream in self._streams.values():
                stream.forget()

    def forget(self, *streams: Stream) -> None:
        """Let go of streams that are done with."""
        for stream in streams:
            stream.forget()
            self._streams.pop(stream.number, None)
