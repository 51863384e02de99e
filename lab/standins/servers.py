"""Starts the servers of a stand-in, one for each port, and the clients that it needs.

Each workload loads only the modules that it needs: gRPC alone takes a third of a stand-in's memory.
"""

import asyncio
import contextlib
import ssl

from lab.standins.behaviour import ServedPort, Site
from lab.standins.breakage import Breakage
from lab.standins.calling import Calls, Clients
from lab.standins.setup import Setup


async def start_port(
    setup: Setup, port: ServedPort, calls: Calls, broken: Breakage, stack: contextlib.AsyncExitStack
) -> None:
    """Listen on a port.

    Args:
        setup: The setup of the stand-in.
        port: The port.
        calls: Makes the calls of its workload.
        broken: How its version is broken.
        stack: Ends the server.

    Raises:
        OSError: The port is taken.
        RuntimeError: The same, of a gRPC server.
    """
    match port.protocol:
        case "grpc":
            await _start_methods(setup, port.number, calls, broken, stack)
        case "http":
            await _start_site(setup, port, calls, broken, stack)
        case "redis":
            await _start_store(setup, port.number, broken, stack)
        case "tcp":
            await _start_echo(setup, port, calls, broken, stack)
        case "udp":
            await _start_datagrams(setup, port.number, stack)


def make_calls(setup: Setup, stack: contextlib.AsyncExitStack) -> Calls:
    """Return what makes the calls of a workload, with the clients that it needs."""
    calls = setup.behaviour.calls
    methods = paths = lines = stores = None
    if any(call.method for call in calls):
        from lab.standins.method_client import MethodClient

        methods = MethodClient()
        stack.push_async_callback(methods.close)
    if any(call.path for call in calls):
        from lab.standins.http_client import PathClient

        paths = PathClient()
    if any(call.line is not None for call in calls):
        from lab.standins.echo import LineClient

        lines = LineClient()
    if any(call.command for call in calls):
        from lab.standins.resp import StoreClient

        stores = StoreClient()
        stack.push_async_callback(stores.close)
    clients = Clients(methods=methods, paths=paths, lines=lines, stores=stores)
    return Calls(setup.pod.workload, setup.environment, setup.directory, clients)


async def _start_store(setup: Setup, port: int, broken: Breakage, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.resp import StoreServer
    from lab.standins.store import MemoryStore

    server = StoreServer(MemoryStore(), broken)
    await server.start(setup.address, port)
    stack.push_async_callback(server.stop)


async def _start_site(
    setup: Setup, port: ServedPort, calls: Calls, broken: Breakage, stack: contextlib.AsyncExitStack
) -> None:
    from lab.standins.http_server import HttpServer
    from lab.standins.site import SiteHandler

    site = setup.behaviour.site or Site(routes=())
    server = HttpServer(SiteHandler(setup.pod, site, calls, setup.environment, broken).handle)
    await server.start(setup.address, port.number, _context(setup) if port.tls else None)
    stack.push_async_callback(server.stop, setup.grace_seconds)


async def _start_methods(
    setup: Setup, port: int, calls: Calls, broken: Breakage, stack: contextlib.AsyncExitStack
) -> None:
    from lab.standins.method_server import MethodServer

    server = MethodServer(setup.pod, setup.behaviour.methods, calls, broken)
    await server.start(setup.address, port)
    stack.push_async_callback(server.stop, setup.grace_seconds)


async def _start_echo(
    setup: Setup, port: ServedPort, calls: Calls, broken: Breakage, stack: contextlib.AsyncExitStack
) -> None:
    from lab.standins.echo import EchoServer

    server = EchoServer(calls, setup.behaviour.echo_calls, broken)
    await server.start(setup.address, port.number, _context(setup) if port.tls else None)
    stack.push_async_callback(server.stop)


async def _start_datagrams(setup: Setup, port: int, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.echo import DatagramEcho

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        DatagramEcho, local_addr=(setup.address, port)
    )
    stack.callback(transport.close)


def _context(setup: Setup) -> ssl.SSLContext:
    from lab.standins.own_certificate import server_context

    return server_context(setup.pod.workload)
