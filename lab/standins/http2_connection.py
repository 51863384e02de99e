"""Serves the requests of one HTTP/2 connection, on h2."""

import asyncio
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError, StreamClosedError

from lab.http import HttpRequest
from lab.standins.http_handler import BODILESS, Handler, IdleConnections

_CHUNK = 65536


@dataclass
class _Stream:
    headers: tuple[tuple[str, str], ...]
    body: bytearray = field(default_factory=bytearray)


class Http2Connection:
    """A server's side of one connection; requests are answered at the same time."""

    def __init__(
        self,
        handler: Handler,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        idle: IdleConnections,
    ) -> None:
        self._handler = handler
        self._reader, self._writer = streams
        self._idle = idle
        self._state = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._streams: dict[int, _Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._window = asyncio.Event()

    async def serve(self, start: bytes) -> None:
        """Answer requests until the client closes the connection, or the server stops.

        Args:
            start: What was read of the connection already.
        """
        self._state.initiate_connection()
        self._idle.add(self._writer, self._close)
        data = start
        try:
            while data:
                for event in self._state.receive_data(data):
                    self._take(event)
                await self._flush()
                data = await self._reader.read(_CHUNK)
        except ProtocolError:
            await self._flush()
        finally:
            # The client is gone: nobody reads the answers.
            for task in self._tasks:
                task.cancel()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._idle.discard(self._writer)
                self._streams[event.stream_id] = _Stream(tuple((str(k), str(v)) for k, v in event.headers or ()))
            case DataReceived():
                self._streams[event.stream_id].body += event.data or b""
                self._state.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            case StreamEnded():
                self._begin(event.stream_id, self._streams.pop(event.stream_id))
            case StreamReset():
                self._streams.pop(event.stream_id, None)
                self._window.set()
            case WindowUpdated():
                self._window.set()

    def _begin(self, number: int, stream: _Stream) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(number, stream))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not (self._tasks or self._streams):
            self._idle.add(self._writer, self._close)

    def _close(self) -> None:
        self._state.close_connection()
        self._writer.write(self._state.data_to_send())
        self._writer.close()

    async def _answer(self, number: int, stream: _Stream) -> None:
        pseudo = {name: value for name, value in stream.headers if name.startswith(":")}
        headers = tuple((name, value) for name, value in stream.headers if not name.startswith(":"))
        request = HttpRequest(
            verb=pseudo.get(":method", "GET"),
            target=pseudo.get(":path", "/"),
            headers=(("host", pseudo.get(":authority", "")), *headers),
            body=bytes(stream.body),
        )
        response = await self._handler(request)
        bodiless = response.status in BODILESS
        body = b"" if request.verb == "HEAD" or bodiless else response.body
        lines = [(":status", str(int(response.status))), *response.headers]
        lines += [] if bodiless else [("content-length", str(len(response.body)))]
        try:
            self._state.send_headers(number, lines, end_stream=not body)
            await self._send(number, body)
            await self._flush()
        except (StreamClosedError, ProtocolError, OSError):
            # The client went away, or does not want this answer any more.
            return

    async def _send(self, number: int, body: bytes) -> None:
        while body:
            size = min(self._state.local_flow_control_window(number), self._state.max_outbound_frame_size)
            if size <= 0:
                self._window.clear()
                await self._flush()
                await self._window.wait()
                continue
            part, body = body[:size], body[size:]
            self._state.send_data(number, part, end_stream=not body)

    async def _flush(self) -> None:
        self._writer.write(self._state.data_to_send())
        await self._writer.drain()
