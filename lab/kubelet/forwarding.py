"""`kubectl port-forward`: connections to a pod's own loopback.

Two streams for each connection, one for the data and one for errors, which belong together by a number:
https://github.com/kubernetes/kubernetes, staging/src/k8s.io/cri-streaming/pkg/streaming/portforward/httpstream.go
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from lab.kubelet.connecting import connect
from lab.kubelet.streams import Stream, StreamConnection

PROTOCOL = "portforward.k8s.io"

_CHUNK = 2**16


class Forwarding:
    """The forwarded connections of one `kubectl port-forward`."""

    def __init__(self, connection: StreamConnection, pod: str, network_of: Callable[[], int]) -> None:
        """Prepare to forward.

        Args:
            connection: Where the streams come from.
            pod: The pod's name, for error messages.
            network_of: Returns the number of a process in the pod's network as it is by then.

        """
        self._connection = connection
        self._pod = pod
        self._network_of = network_of
        self._waiting: dict[str, dict[str, Stream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Forward until the other side closes the connection."""
        try:
            await self._connection.serve(self._on_open)
        finally:
            for task in self._tasks:
                task.cancel()

    def _on_open(self, stream: Stream) -> None:
        request = stream.headers.get("requestid", "")
        pair = self._waiting.setdefault(request, {})
        pair[stream.headers.get("streamtype", "")] = stream
        if {"data", "error"} <= pair.keys():
            del self._waiting[request]
            task = asyncio.create_task(self._forward(pair["data"], pair["error"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, data: Stream, error: Stream) -> None:
        port = data.headers.get("port", "")
        try:
            reader, writer = await connect(self._network_of(), int(port))
        except (OSError, ValueError, OverflowError) as trouble:
            with suppress(OSError):
                await error.write(f"port {port} of pod {self._pod} cannot be reached: {trouble}".encode())
                await data.reset()
                await error.reset()
        else:
            with suppress(OSError):
                await _carry(data, reader, writer)
                await data.finish()
                await error.finish()
            writer.close()
        finally:
            self._connection.forget(data, error)


async def _carry(data: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes in both directions until the pod's side has ended."""

    async def inwards() -> None:
        with suppress(OSError):
            while content := await data.read():
                writer.write(content)
                await writer.drain()
            writer.write_eof()

    carrying = asyncio.create_task(inwards())
    try:
        while content := await reader.read(_CHUNK):
            await data.write(content)
    finally:
        carrying.cancel()
