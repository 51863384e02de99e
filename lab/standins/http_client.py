"""Sends HTTP/1.1 requests."""

import asyncio
import ssl
from http import HTTPStatus

import h11

from lab.http import Headers, HttpRequest, Response, Wire, decode_headers, encode_headers
from lab.standins.answers import CallError
from lab.standins.directory import Endpoint
from lab.standins.standin_call import StandinCall


async def open_stream(endpoint: Endpoint, *, tls: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an endpoint.

    Raises:
        OSError: It cannot be reached.
    """
    # A stand-in that speaks TLS itself has a certificate of its own making, which proves nothing.
    context = ssl._create_unverified_context() if tls else None  # noqa: S323, SLF001
    return await asyncio.open_connection(endpoint.address, endpoint.port, ssl=context)


class HttpConnection:
    """A client's connection to one place, which is opened when it is needed and kept open as long as possible."""

    def __init__(self, *, tls: bool = False) -> None:
        self._wire: Wire | None = None
        self._tls = tls

    async def send(self, endpoint: Endpoint, request: HttpRequest) -> Response:
        """Send a request and wait for the answer.

        Raises:
            OSError: The place cannot be reached.
            h11.ProtocolError: It did not answer properly.
        """
        reused = self._wire is not None
        try:
            return await self._exchange(endpoint, request)
        except (OSError, h11.ProtocolError):
            if not reused:
                raise
        # A server may close a connection that was idle just when the next request is on its way.
        return await self._exchange(endpoint, request)

    async def _exchange(self, endpoint: Endpoint, request: HttpRequest) -> Response:
        wire, self._wire = self._wire, None
        if wire is None:
            wire = Wire(h11.CLIENT, await open_stream(endpoint, tls=self._tls))
        try:
            lines = [("host", endpoint.authority), *request.headers, ("content-length", str(len(request.body)))]
            start = h11.Request(method=request.verb, target=request.target, headers=encode_headers(lines))
            await wire.send(start, h11.Data(data=request.body), h11.EndOfMessage())
            head = await wire.next_event()
            while isinstance(head, h11.InformationalResponse):
                head = await wire.next_event()
            if not isinstance(head, h11.Response):
                raise h11.RemoteProtocolError("there was no answer")
            headers = decode_headers(head.headers)
            response = Response(status=head.status_code, headers=headers, body=await wire.body())
            if wire.state.our_state is h11.DONE and wire.state.their_state is h11.DONE:
                wire.state.start_next_cycle()
                self._wire = wire
            return response
        finally:
            if self._wire is not wire:
                wire.close()

    def close(self) -> None:
        """Close the connection."""
        if self._wire:
            self._wire.close()
            self._wire = None


class PathClient:
    """Sends requests of the call graph that go over HTTP."""

    async def send(self, endpoint: Endpoint, call: StandinCall, body: bytes, headers: Headers) -> bytes:
        """Send a request, with a JSON body if there is one.

        Raises:
            CallError: It was answered with an error, or not at all.
        """
        lines = (("accept", "application/json"), *headers)
        lines = (("content-type", "application/json"), *lines) if body else lines
        connection = HttpConnection(tls=call.tls)
        try:
            async with asyncio.timeout(call.timeout_seconds):
                request = HttpRequest(verb=call.verb, target=call.path or "/", headers=lines, body=body)
                response = await connection.send(endpoint, request)
        except (OSError, h11.ProtocolError) as error:
            raise CallError("UNAVAILABLE", str(error)) from error
        finally:
            connection.close()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise CallError("UNKNOWN", f"HTTP status {response.status}")
        return response.body
