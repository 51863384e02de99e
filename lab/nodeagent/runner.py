"""Runs one pod, from its creation until everything of it is removed."""

import asyncio
import logging
import shutil
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from lab.nodeagent import commands, ending, files, logfiles, redirection, reporting
from lab.nodeagent.addresses import pod_with_address
from lab.nodeagent.keeper import Keeper
from lab.nodeagent.pods import Container, containers, uncaptured_ports
from lab.nodeagent.processes import PodProcess
from lab.nodeagent.sandbox import Sandbox
from lab.nodeagent.state import ContainerState, PodState
from lab.nodeagent.status_report import Sight
from lab.nodeagent.world import World

_LOG = logging.getLogger(__name__)


class Runner:
    """Runs one pod."""

    def __init__(self, pod: Mapping[str, Any], address: str, world: World, past: PodState | None) -> None:
        metadata = pod["metadata"]
        self.pod = pod_with_address(pod, address)
        self.address = address
        self.keepers: list[Keeper] = []
        self.tools = world.programs.tools
        self.logs = world.folder.logs / "pods" / metadata["namespace"] / metadata["name"]
        self._world = world
        self._past = past
        self.folder = world.folder.pods / metadata["uid"]
        rules = redirection.capture(uncaptured_ports(pod))
        self.sandbox = Sandbox(address, rules, self.folder, self.tools)
        self._deleted = False
        self._ending = asyncio.Event()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether every container is."""
        return bool(self.keepers) and all(keeper.ready for keeper in self.keepers) and not self._ending.is_set()

    @property
    def taking_over(self) -> bool:
        """Whether it still has to take over the processes of an earlier node agent."""
        return self._past is not None and not self.keepers and not self._ending.is_set()

    def see(self, pod: Mapping[str, Any] | None) -> None:
        """Take note of the pod's object as it is now, or of its absence."""
        if pod is None:
            self._deleted = True
            self._ending.set()
            return
        self.pod = pod_with_address(pod, self.address)
        if "deletionTimestamp" in pod["metadata"]:
            self._ending.set()

    async def live(self) -> None:
        """Run the pod until its object is deleted, then remove everything of it."""
        rising = asyncio.create_task(self._rise())
        ending_ = asyncio.create_task(self._ending.wait())
        await asyncio.wait([rising, ending_], return_when=asyncio.FIRST_COMPLETED)
        if rising.done() and (error := rising.exception()):
            # One pod that cannot be run is no reason to leave the others alone.
            _LOG.error("pod %s", self.pod["metadata"]["name"], exc_info=error)
        await ending_
        rising.cancel()
        await asyncio.wait([rising])
        await self._end()

    async def reroute(self) -> None:
        """Redirect the pod's connections to istiod to the current istiod."""
        await self.sandbox.reroute(self._world.istiod)

    async def _rise(self) -> None:
        if "deletionTimestamp" in self.pod["metadata"]:
            return
        for path in (self.folder, self.logs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        past = self._past.containers if self._past else {}
        if not await self.sandbox.open(self._past.holder if self._past else None, past):
            past = {}
        for container in containers(self.pod):
            start = partial(self._start, container)
            self.keepers.append(Keeper(container, self.address, start, self._notify, past.get(container.name)))
        self._notify()
        self._task(reporting.keep(self._world.api, self._news, self._account, self.see))
        self._task(self._hold())
        await self.reroute()
        written = asyncio.Event()
        self._task(files.keep(self._world.api, self.pod, self.folder, self._world.folder.pki, written))
        await written.wait()
        for keeper in self.keepers:
            self._task(keeper.keep())
            if keeper.container.sidecar:
                await keeper.started.wait()

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _hold(self) -> None:
        """Renew the pod's network when the process that holds it has ended."""
        while True:
            await self.sandbox.lost()
            _LOG.warning("pod %s lost its network and is started again", self.pod["metadata"]["name"])
            await self.sandbox.renew(self._states())
            self._notify()

    async def _start(self, container: Container) -> PodProcess:
        services = self._world.folder.services / f"{self.pod['metadata']['namespace']}.json"
        start = commands.start(container, self.pod, self._world.programs, services)
        log = logfiles.turn(self.logs, container.name)
        return await self.sandbox.run(start.command, start.variables, log)

    async def _hook(self, keeper: Keeper, command: Sequence[str]) -> None:
        """Run the command of a hook, if it is a program of Istio's: there is no container with any other."""
        program = self.tools / command[0]
        if not program.exists():
            return
        with suppress(OSError):
            log = logfiles.current(self.logs, keeper.container.name)
            process = await self.sandbox.run([str(program), *command[1:]], {}, log)
            await asyncio.shield(process.end)

    def _notify(self) -> None:
        self._news.set()
        self._world.changed()

    def _states(self) -> dict[str, ContainerState]:
        return {keeper.container.name: keeper.state for keeper in self.keepers}

    def _account(self) -> tuple[Mapping[str, Any], list[Sight]]:
        """Write down the pod's status for the next node agent, and return it for the API server."""
        assert self.sandbox.holder is not None  # noqa: S101 - called only once there is a network
        metadata = self.pod["metadata"]
        state = PodState(metadata["namespace"], metadata["name"], self.address, self.sandbox.holder, self._states())
        state.write(self.folder)
        return self.pod, [self._sight(keeper) for keeper in self.keepers]

    def _sight(self, keeper: Keeper) -> Sight:
        state, last_line = keeper.state, ""
        if state.exit_code is not None:
            ended = logfiles.current if state.process is None else logfiles.previous
            last_line = logfiles.last_line(ended(self.logs, keeper.container.name))
        return Sight(keeper.container, state, keeper.ready, keeper.pausing, keeper.trouble, last_line)

    async def _end(self) -> None:
        await ending.end(self.keepers, ending.grace(None if self._deleted else self.pod), self._hook)
        for task in self._tasks:
            task.cancel()
        await self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        await reporting.delete(self._world.api, self.pod, lambda: self._deleted)
