"""Serves HTTP: version 1.1, and version 2 for clients that begin with its preface, as Envoy does on such ports."""

import asyncio
import contextlib
import ssl

import h11

from lab.http import HttpRequest, Wire, decode_headers, encode_headers
from lab.standins.http_handler import BODILESS, Handler, IdleConnections

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client sends first: RFC 9113, 3.4."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HttpServer:
    """Serves one handler on any number of connections."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._idle = IdleConnections()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, address: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Listen, with TLS if a context is given."""
        self._server = await asyncio.start_server(self._accept, address, port, ssl=context)

    async def stop(self, grace_seconds: float) -> None:
        """Stop listening, close what is idle, and finish what is under way, saying `Connection: close`."""
        if self._server:
            self._server.close()
        self._idle.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._idle.is_stopping:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve((reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not in the task: one that is cancelled before its first step never gets to its end.
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, streams: Streams) -> None:
        reader, writer = streams
        self._idle.add(writer, writer.close)
        try:
            start = await _read_start(reader)
            if start == _PREFACE:
                from lab.standins.http2_connection import Http2Connection

                await Http2Connection(self._handler, streams, self._idle).serve(start)
            else:
                await self._serve_http1(streams, start)
        except OSError:
            return
        finally:
            self._idle.discard(writer)

    async def _serve_http1(self, streams: Streams, start: bytes) -> None:
        wire, writer = Wire(h11.SERVER, streams), streams[1]
        if start:
            wire.state.receive_data(start)
        try:
            while True:
                event = await wire.next_event()
                self._idle.discard(writer)
                if not isinstance(event, h11.Request):
                    return
                await self._exchange(wire, event)
                if wire.state.our_state is not h11.DONE or wire.state.their_state is not h11.DONE:
                    return
                wire.state.start_next_cycle()
                self._idle.add(writer, writer.close)
        except h11.RemoteProtocolError as error:
            await _refuse(wire, error)

    async def _exchange(self, wire: Wire, head: h11.Request) -> None:
        headers = decode_headers(head.headers)
        verb, target = head.method.decode(), head.target.decode("latin-1")
        request = HttpRequest(verb=verb, target=target, headers=headers, body=await wire.body())
        response = await self._handler(request)
        bodiless = response.status in BODILESS
        lines = [*response.headers, *([] if bodiless else [("content-length", str(len(response.body)))])]
        if self._idle.is_stopping:
            lines.append(("connection", "close"))
        body = [] if verb == "HEAD" or bodiless else [h11.Data(data=response.body)]
        start = h11.Response(status_code=response.status, headers=encode_headers(lines))
        await wire.send(start, *body, h11.EndOfMessage())


async def _read_start(reader: asyncio.StreamReader) -> bytes:
    """Return the preface of HTTP/2, or what came in its place."""
    start = b""
    while _PREFACE.startswith(start) and len(start) < len(_PREFACE):
        more = await reader.read(len(_PREFACE) - len(start))
        if not more:
            break
        start += more
    return start


async def _refuse(wire: Wire, error: h11.RemoteProtocolError) -> None:
    if wire.state.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    lines = [("content-length", "0"), ("connection", "close")]
    with contextlib.suppress(OSError):
        await wire.send(
            h11.Response(status_code=error.error_status_hint, headers=encode_headers(lines)), h11.EndOfMessage()
        )
