"""Runs a stand-in: starts the servers of a workload, and ends them gracefully."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from lab.standins.behaviour import Behaviour
from lab.standins.breakage import CRASH_SECONDS, Breakage, breakage
from lab.standins.journeys import Load
from lab.standins.servers import make_calls, start_port
from lab.standins.setup import Setup

log = logging.getLogger(__name__)


class SetupError(Exception):
    """A stand-in cannot start, as the real image could not."""


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
    variables = {call.variable for call in behaviour.calls if call.variable and not call.command}
    if load := behaviour.load:
        variables |= {load.target_variable, load.users_variable, load.rate_variable}
    if missing := sorted(name for name in variables if not environment.get(name)):
        raise SetupError(f"not set: {', '.join(missing)}")


async def _start(setup: Setup, broken: Breakage, end: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    behaviour = setup.behaviour
    if behaviour.load:
        await _start_load(setup, behaviour.load, end, stack)
    calls = make_calls(setup, stack)
    for port in behaviour.ports:
        try:
            await start_port(setup, port, calls, broken, stack)
        except (OSError, RuntimeError) as error:
            raise SetupError(f"cannot listen on port {port.number}: {error}") from error
    if behaviour.worker:
        from lab.standins.worker import work

        _run_until_end(asyncio.create_task(work(behaviour.worker, calls)), end, stack)


async def _start_load(setup: Setup, load: Load, end: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    from lab.standins.load import Users

    users = Users(load, setup.environment, setup.directory)
    stack.callback(lambda: log.info("%s", users))
    _run_until_end(asyncio.create_task(users.run()), end, stack)


def _run_until_end(task: "asyncio.Task[None]", end: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    # Users and workers never end by themselves: if they do, it is a fault that must not go unnoticed.
    task.add_done_callback(lambda _: end.set())

    async def finish() -> None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    stack.push_async_callback(finish)
