"""RESP, the protocol of Redis: a server for a store, and a client."""

import asyncio
from collections.abc import Sequence

from lab.standins.answers import CallError
from lab.standins.breakage import SLOW_SECONDS, Breakage
from lab.standins.directory import Endpoint
from lab.standins.store import MemoryStore, Reply, StoreError

_END = b"\r\n"
_BROKEN = (OSError, EOFError, ValueError, IndexError)


def _encode(reply: Reply) -> bytes:
    match reply:
        case None:
            return b"$-1\r\n"
        case int():
            return f":{reply}\r\n".encode()
        case "OK" | "PONG":
            return f"+{reply}\r\n".encode()
        case str():
            text = reply.encode()
            return b"$%d\r\n%s\r\n" % (len(text), text)
        case _:
            return b"*%d\r\n" % len(reply) + b"".join(_encode(word) for word in reply)


def _bulk(word: str) -> bytes:
    text = word.encode()
    return b"$%d\r\n%s\r\n" % (len(text), text)


async def _decode(reader: asyncio.StreamReader) -> Reply:
    line = (await reader.readuntil(_END))[:-2].decode()
    kind, content = line[:1], line[1:]
    match kind:
        case "+":
            return content
        case "-":
            raise StoreError(content)
        case ":":
            return int(content)
        case "$":
            size = int(content)
            return None if size < 0 else (await reader.readexactly(size + 2))[:-2].decode()
        case "*":
            return [str(await _decode(reader)) for _ in range(int(content))]
    # A command may also come as plain words, as from a terminal.
    return line.split()


class StoreServer:
    """Answers commands for a store on one port, on any number of connections."""

    def __init__(self, store: MemoryStore, breakage: Breakage) -> None:
        self._store = store
        self._breakage = breakage
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, address: str, port: int) -> None:
        """Listen, unless the store is one that never gets ready."""
        if self._breakage is not Breakage.NEVER_READY:
            self._server = await asyncio.start_server(self._accept, address, port)

    async def stop(self) -> None:
        """Stop listening and close the connections: between two commands, since one takes no time."""
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
            while True:
                words = await _decode(reader)
                writer.write(await self._answer(words if isinstance(words, list) else [str(words)]))
                await writer.drain()
        except (*_BROKEN, asyncio.LimitOverrunError, StoreError):
            return

    async def _answer(self, words: list[str]) -> bytes:
        if self._breakage is Breakage.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        try:
            if self._breakage is Breakage.ERROR:
                raise StoreError("ERR this version is broken on purpose")
            if not words:
                raise StoreError("ERR empty command")
            return _encode(self._store.execute(words))
        except StoreError as error:
            return f"-{error}\r\n".encode()


class StoreClient:
    """Sends commands to stores, over one connection to each place that is kept open."""

    def __init__(self) -> None:
        self._streams: dict[Endpoint, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        self._turns: dict[Endpoint, asyncio.Lock] = {}

    async def execute(self, endpoint: Endpoint, words: Sequence[str]) -> Reply:
        """Send a command and return the store's reply.

        Raises:
            CallError: The store cannot be reached, or refuses the command.
        """
        async with self._turns.setdefault(endpoint, asyncio.Lock()):
            try:
                reader, writer = await self._stream(endpoint)
                writer.write(b"*%d\r\n" % len(words) + b"".join(_bulk(word) for word in words))
                return await _decode(reader)
            except StoreError as error:
                raise CallError("FAILED_PRECONDITION", f"{endpoint.authority}: {error}") from error
            except BaseException as error:
                # Also when the caller gave up: the reply it did not wait for must not become the next one's.
                self._forget(endpoint)
                if isinstance(error, _BROKEN):
                    raise CallError("UNAVAILABLE", f"{endpoint.authority}: {error}") from error
                raise

    async def _stream(self, endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        stream = self._streams.get(endpoint)
        if stream is None or stream[0].at_eof() or stream[1].is_closing():
            self._forget(endpoint)
            stream = self._streams[endpoint] = await asyncio.open_connection(endpoint.address, endpoint.port)
        return stream

    def _forget(self, endpoint: Endpoint) -> None:
        if stream := self._streams.pop(endpoint, None):
            stream[1].close()

    async def close(self) -> None:
        """Close the connections."""
        for endpoint in list(self._streams):
            self._forget(endpoint)
