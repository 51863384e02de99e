"""Runs a stand-in: starts the servers of a workload, and ends them gracefully."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from lab.standins.answers import Pod
from lab.standins.behaviour import Behaviour, Site
from lab.standins.breakage import CRASH_SECONDS, Breakage, breakage
from lab.standins.calling import Calls
from lab.standins.directory import Directory
from lab.standins.journeys import Load

PORT_VARIABLE = "PORT"

log = logging.getLogger(__name__)


class SetupError(Exception):
    """A stand-in cannot start, as the real image could not."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The setup of a stand-in.

    Attributes:
        pod: Its pod.
        behaviour: The workload's behaviour.
        environment: Of the container.
        directory: Resolves the names of Services.
        address: The address on which it listens.
        grace_seconds: Seconds to finish requests after SIGTERM.
    """

    pod: Pod
    behaviour: Behaviour
    environment: Mapping[str, str]
    directory: Directory
    address: str = "0.0.0.0"  # noqa: S104
    grace_seconds: float = 25.0


async def run(setup: Setup, end: asyncio.Event) -> int:
    """Do what the workload does until `end` is set.

    Returns:
        The exit status.

    Raises:
        SetupError: The environment lacks something, or the port is taken.
    """
    check_environment(setup.behaviour, setup.environment)
    broken = breakage(setup.pod.version, setup.environment)
    async with contextlib.AsyncExitStack() as stack:
        await _start(setup, broken, end, stack)
        log.info("%s %s started as %s", setup.pod.workload, setup.pod.version, setup.pod.pod)
        if broken is Breakage.CRASH:
            await asyncio.sleep(CRASH_SECONDS)
            log.error("this version is broken on purpose: it crashes")
            return 1
        await end.wait()
        log.info("ending")
    return 0


def check_environment(behaviour: Behaviour, environment: Mapping[str, str]) -> None:
    """Check that an environment has what a workload cannot do without.

    Raises:
        SetupError: It lacks something.
    """
    variables = {call.variable for call in behaviour.calls if not call.command}
    if load := behaviour.load:
        variables |= {load.target_variable, load.users_variable, load.rate_variable}
    if missing := sorted(name for name in variables if not environment.get(name)):
        raise SetupError(f"not set: {', '.join(missing)}")


async def _start(setup: Setup, broken: Breakage, end: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    # Each kind of workload loads only what it needs: gRPC alone takes a third of a stand-in's memory.
    if setup.behaviour.load:
        await _start_load(setup, setup.behaviour.load, end, stack)
        return
    port = int(setup.environment.get(PORT_VARIABLE) or setup.behaviour.port or 0)
    if not port:
        raise SetupError(f"{setup.pod.workload} has no port")
    try:
        if setup.behaviour.store:
            await _start_store(setup, port, broken, stack)
        elif setup.behaviour.site:
            await _start_site(setup, setup.behaviour.site, port, broken, stack)
        else:
            await _start_methods(setup, port, broken, stack)
    except (OSError, RuntimeError) as error:
        raise SetupError(f"cannot listen on port {port}: {error}") from error


async def _start_load(setup: Setup, load: Load, end: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.load import Users

    users = Users(load, setup.environment, setup.directory)
    task = asyncio.create_task(users.run())
    # Users never end by themselves: if they do, it is a fault that must not go unnoticed.
    task.add_done_callback(lambda _: end.set())

    async def finish() -> None:
        task.cancel()
        await asyncio.wait([task])
        log.info("%s", users)
        if not task.cancelled():
            task.result()

    stack.push_async_callback(finish)


async def _start_store(setup: Setup, port: int, broken: Breakage, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.resp import StoreServer
    from lab.standins.store import MemoryStore

    server = StoreServer(MemoryStore(), broken)
    await server.start(setup.address, port)
    stack.push_async_callback(server.stop)


async def _start_site(setup: Setup, site: Site, port: int, broken: Breakage, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.http_server import HttpServer
    from lab.standins.site import SiteHandler

    handler = SiteHandler(setup.pod, site, _calls(setup, stack), setup.environment, broken)
    server = HttpServer(handler.handle)
    await server.start(setup.address, port)
    stack.push_async_callback(server.stop, setup.grace_seconds)


async def _start_methods(setup: Setup, port: int, broken: Breakage, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.method_server import MethodServer

    server = MethodServer(setup.pod, setup.behaviour.methods, _calls(setup, stack), broken)
    await server.start(setup.address, port)
    stack.push_async_callback(server.stop, setup.grace_seconds)


def _calls(setup: Setup, stack: contextlib.AsyncExitStack) -> Calls:
    from lab.standins.http_client import PathClient
    from lab.standins.method_client import MethodClient
    from lab.standins.resp import StoreClient

    methods, stores = MethodClient(), StoreClient()
    stack.push_async_callback(methods.close)
    stack.push_async_callback(stores.close)
    return Calls(
        setup.pod.workload, setup.environment, setup.directory, methods=methods, paths=PathClient(), stores=stores
    )
