"""Serves gRPC methods and the health check."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import grpc
import grpc.aio

from lab.standins.answers import CallError, Pod, StandinAnswer, own_hop, read_values
from lab.standins.behaviour import ANY_METHOD, Method
from lab.standins.breakage import SLOW_SECONDS, Breakage
from lab.standins.calling import Calls
from lab.standins.headers import Received, read_headers
from support.hops import Hop

HEALTH = "grpc.health.v1.Health"
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""The two answers of the health check as protobuf: field 1, which is an enumeration, with 1 or 2."""

log = logging.getLogger(__name__)

_SERVER = (("grpc.so_reuseport", 0), ("grpc.enable_http_proxy", 0))


class _AnyMethod:
    """Answers every method in one way: a grpc.GenericRpcHandler, of which grpc ships no type."""

    def __init__(self, method: Method, handler: Callable[[Method], object]) -> None:
        self._method = method
        self._handler = handler

    def service(self, handler_call_details: Any) -> object:  # noqa: ANN401 - grpc ships no types
        """Return the handler of the method that a client asks for."""
        method = replace(self._method, path=handler_call_details.method)
        return grpc.unary_unary_rpc_method_handler(self._handler(method))


class MethodServer:
    """Serves the gRPC methods of one workload."""

    def __init__(self, pod: Pod, methods: tuple[Method, ...], calls: Calls, breakage: Breakage) -> None:
        self._pod = pod
        self._calls = calls
        self._breakage = breakage
        self._server = grpc.aio.server(options=_SERVER)
        services: dict[str, dict[str, object]] = {HEALTH: {"Check": grpc.unary_unary_rpc_method_handler(self._check)}}
        named = [method for method in methods if method.path != ANY_METHOD]
        for method in named:
            _, service, name = method.path.split("/")
            services.setdefault(service, {})[name] = grpc.unary_unary_rpc_method_handler(self._handler(method))
        self._server.add_generic_rpc_handlers(
            tuple(grpc.method_handlers_generic_handler(service, handlers) for service, handlers in services.items())
        )
        # The last one, so that every method with a handler of its own is found before.
        self._server.add_generic_rpc_handlers(
            tuple(_AnyMethod(method, self._handler) for method in methods if method.path == ANY_METHOD)
        )

    async def start(self, address: str, port: int) -> None:
        """Listen."""
        self._server.add_insecure_port(f"{address}:{port}")
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Send GOAWAY, finish what is under way, and stop."""
        await self._server.stop(grace_seconds)

    async def _check(self, _: bytes, __: object) -> bytes:
        return NOT_SERVING if self._breakage is Breakage.NEVER_READY else SERVING

    def _handler(self, method: Method) -> object:
        async def handle(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
            pairs = [(name, str(value)) for name, value in context.invocation_metadata() or ()]
            try:
                answer = await self._answer(method, body, read_headers(pairs, merged=False))
                log.info("%s: OK", method.path)
                return answer.encode()
            except CallError as error:
                log.info("%s: %s: %s", method.path, error.status, error)
                await context.abort(grpc.StatusCode[error.status], str(error))
            return b""

        return handle

    async def _answer(self, method: Method, body: bytes, request: Received) -> StandinAnswer:
        if self._breakage is Breakage.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if self._breakage is Breakage.ERROR:
            raise CallError("INTERNAL", f"{self._pod.workload} {self._pod.version} is broken on purpose")
        request_values = read_values(body)
        for name, accepted in method.known.items():
            if request_values.get(name) not in accepted:
                raise CallError("NOT_FOUND", f"no {name} is {request_values.get(name)}")
        values: dict[str, object] = {**request_values, **method.gives}
        hops: list[Hop] = []
        await self._calls.run(method.calls, values, request, hops)
        learnt: Mapping[str, object] = {name: value for name, value in values.items() if name not in request_values}
        return StandinAnswer(values=learnt, hops=[own_hop(self._pod, method.path, request), *hops])
