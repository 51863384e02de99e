"""Sends requests to gRPC methods."""

import grpc
import grpc.aio

from lab.standins.answers import CallError
from lab.standins.calling import Headers
from lab.standins.directory import Endpoint
from lab.standins.standin_call import StandinCall

# The mesh retries. A callee that came back has to be reached again at once.
_CLIENT = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 250),
)


class MethodClient:
    """Sends requests to gRPC methods, over one connection to each place that is kept open."""

    def __init__(self) -> None:
        self._channels: dict[Endpoint, grpc.aio.Channel] = {}

    async def send(self, endpoint: Endpoint, call: StandinCall, body: bytes, headers: Headers) -> bytes:
        """Send a request.

        Raises:
            CallError: It was answered with an error, or not at all.
        """
        try:
            method = self._channel(endpoint).unary_unary(call.method)
            answer: bytes = await method(body, metadata=headers, timeout=call.timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise CallError(error.code().name, error.details() or "no details") from error
        return answer

    def _channel(self, endpoint: Endpoint) -> grpc.aio.Channel:
        if endpoint not in self._channels:
            # The mesh routes by the name that was dialled; the address is where that name leads just now.
            options = (*_CLIENT, ("grpc.default_authority", endpoint.authority))
            target = f"ipv4:{endpoint.address}:{endpoint.port}"
            self._channels[endpoint] = grpc.aio.insecure_channel(target, options=options)
        return self._channels[endpoint]

    async def close(self) -> None:
        """Close the connections."""
        for channel in self._channels.values():
            await channel.close()
