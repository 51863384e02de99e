"""Serves HTTP/1.1."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import h11

from lab.http import HttpRequest, Response, Wire, decode_headers, encode_headers

Handler = Callable[[HttpRequest], Awaitable[Response]]


class HttpServer:
    """Serves one handler on any number of connections."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._idle: set[Wire] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, address: str, port: int) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, address, port)

    async def stop(self, grace_seconds: float) -> None:
        """Stop listening, close what is idle, and finish what is under way, saying `Connection: close`."""
        self._stopping = True
        if self._server:
            self._server.close()
        for wire in self._idle:
            wire.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(h11.SERVER, (reader, writer))
        if self._stopping:
            wire.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not in the task: one that is cancelled before its first step never gets to its end.
        task.add_done_callback(lambda _: wire.close())

    async def _serve(self, wire: Wire) -> None:
        try:
            while True:
                self._idle.add(wire)
                event = await wire.next_event()
                self._idle.discard(wire)
                if not isinstance(event, h11.Request):
                    return
                await self._exchange(wire, event)
                if wire.state.our_state is not h11.DONE or wire.state.their_state is not h11.DONE:
                    return
                wire.state.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await _refuse(wire, error)
        except OSError:
            return
        finally:
            self._idle.discard(wire)

    async def _exchange(self, wire: Wire, head: h11.Request) -> None:
        headers = decode_headers(head.headers)
        verb, target = head.method.decode(), head.target.decode("latin-1")
        request = HttpRequest(verb=verb, target=target, headers=headers, body=await wire.body())
        response = await self._handler(request)
        lines = [*response.headers, ("content-length", str(len(response.body)))]
        if self._stopping:
            lines.append(("connection", "close"))
        body = [] if verb == "HEAD" else [h11.Data(data=response.body)]
        start = h11.Response(status_code=response.status, headers=encode_headers(lines))
        await wire.send(start, *body, h11.EndOfMessage())


async def _refuse(wire: Wire, error: h11.RemoteProtocolError) -> None:
    if wire.state.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    lines = [("content-length", "0"), ("connection", "close")]
    with contextlib.suppress(OSError):
        await wire.send(
            h11.Response(status_code=error.error_status_hint, headers=encode_headers(lines)), h11.EndOfMessage()
        )
