"""The life of one pod, from its appearance until nothing is left of it."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from typing import Any

from pyroute2 import NetlinkError

from lab.folder import Folder
from lab.kubernetes.api import Api
from lab.nodeagent import clearing, commands, ending, files, networks, processes, redirection, report
from lab.nodeagent.addresses import addressed
from lab.nodeagent.commands import Programs
from lab.nodeagent.keeper import Keeper
from lab.nodeagent.pods import Container, containers, uncaptured_ports
from lab.nodeagent.processes import Identity, Process
from lab.nodeagent.report import Sight
from lab.nodeagent.state import PodState

_COALESCE = 0.02
_PAUSE = 0.5
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """What all pods share.

    Attributes:
        folder: The lab's folder.
        api: The API server.
        programs: Where the programs are.
        istiod: Returns the address of the istiod for new connections; empty if there is none.
        changed: Is told when a pod has changed.
    """

    folder: Folder
    api: Api
    programs: Programs
    istiod: Callable[[], str]
    changed: Callable[[], None]


class Runner:
    """One pod."""

    def __init__(self, pod: Mapping[str, Any], address: str, world: World, past: PodState | None) -> None:
        self.pod = addressed(pod, address)
        self.address = address
        self.keepers: list[Keeper] = []
        self._world = world
        self._past = past
        self._uid = pod["metadata"]["uid"]
        self._folder = world.folder.pods / self._uid
        self._logs = world.folder.logs / "pods" / pod["metadata"]["namespace"] / pod["metadata"]["name"]
        self._holder: Identity | None = past.holder if past and processes.lives(past.holder) else None
        self._routed: str | None = None
        self._routing = asyncio.Lock()
        self._gone = False
        self._ending = asyncio.Event()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether every container is."""
        return bool(self.keepers) and all(one.ready for one in self.keepers) and not self._ending.is_set()

    def see(self, pod: Mapping[str, Any] | None) -> None:
        """Take note of the pod's object as it is now, or of its absence."""
        if pod is None:
            self._gone = True
            self._ending.set()
            return
        self.pod = addressed(pod, self.address)
        if "deletionTimestamp" in pod["metadata"]:
            self._ending.set()

    async def live(self) -> None:
        """Run the pod until its object is deleted, then leave nothing of it."""
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
        """Send what the pod says to istiod to the one that is there now."""
        # Two at once would take each other's table away.
        async with self._routing:
            istiod = self._world.istiod()
            if self._holder is None or self._routed == istiod:
                return
            work = partial(redirection.apply, "discovery", redirection.discovery(istiod))
            try:
                await asyncio.to_thread(networks.inside, self._holder.pid, work)
            except (OSError, NetlinkError) as error:
                _LOG.warning("network of pod %s: %s", self.pod["metadata"]["name"], error)
            else:
                self._routed = istiod

    async def _rise(self) -> None:
        if "deletionTimestamp" in self.pod["metadata"]:
            return
        for path in (self._folder, self._logs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        past = self._past.containers if self._past else {}
        if self._holder is None:
            rules = redirection.capture(uncaptured_ports(self.pod))
            await asyncio.to_thread(clearing.end_all, past)
            holder = await asyncio.to_thread(networks.make, self.address, rules)
            self._holder = processes.identify(holder) or Identity(holder, 0)
            past = {}
        else:
            known = frozenset(one.process.pid for one in past.values() if one.process)
            await asyncio.to_thread(clearing.kill_strangers, self._holder.pid, known)
        for one in containers(self.pod):
            start = partial(self._start, one)
            self.keepers.append(Keeper(one, self.address, start, self._changed, past.get(one.name)))
        self._changed()
        self._task(self._report())
        await self.reroute()
        written = asyncio.Event()
        self._task(files.keep(self._world.api, self.pod, self._folder, self._world.folder.pki, written))
        await written.wait()
        for keeper in self.keepers:
            self._task(keeper.keep())
            if keeper.container.sidecar:
                await keeper.started.wait()

    def _task(self, work: Any) -> None:  # noqa: ANN401 - any coroutine
        self._tasks.append(asyncio.create_task(work))

    async def _start(self, container: Container) -> Process:
        services = self._world.folder.services / f"{self.pod['metadata']['namespace']}.json"
        wanted = commands.start(container, self.pod, self._world.programs, services)
        return await self._run(wanted.command, wanted.variables, f"{container.name}.log")

    async def _run(self, command: Sequence[str], variables: Mapping[str, str], log: str) -> Process:
        assert self._holder is not None  # noqa: S101 - there is a network before there are processes
        base = {"PATH": f"{self._world.programs.tools}:{os.defpath}", "HOME": str(self._folder)}
        return await processes.start(command, {**base, **variables}, self._folder, self._logs / log, self._holder.pid)

    async def _hook(self, keeper: Keeper, command: Sequence[str]) -> None:
        """Run the command of a hook, if it is a program of Istio's: there is no container with any other."""
        program = self._world.programs.tools / command[0]
        if not program.exists():
            return
        with suppress(OSError):
            process = await self._run([str(program), *command[1:]], {}, f"{keeper.container.name}.log")
            await asyncio.shield(process.end)

    def _changed(self) -> None:
        self._news.set()
        self._world.changed()

    def _sights(self) -> list[Sight]:
        return [Sight(one.container, one.state, one.ready, one.pausing, one.trouble) for one in self.keepers]

    async def _report(self) -> None:
        """Tell the API server, and a successor, how the pod is doing."""
        metadata = self.pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        while True:
            await self._news.wait()
            await asyncio.sleep(_COALESCE)
            self._news.clear()
            self._remember()
            status = report.status(self.pod, self._sights(), datetime.now(UTC))
            try:
                answer = await asyncio.to_thread(
                    self._world.api.patch, path, {"metadata": {"uid": self._uid}, "status": status}
                )
            except (OSError, HTTPException) as error:
                _LOG.warning("status of pod %s: %s", metadata["name"], error)
                self._news.set()
                await asyncio.sleep(_PAUSE)
                continue
            if answer is not None and answer["metadata"]["uid"] == self._uid:
                self.see(answer)

    def _remember(self) -> None:
        if self._holder is None:
            return
        metadata = self.pod["metadata"]
        states = {one.container.name: one.state for one in self.keepers}
        PodState(metadata["namespace"], metadata["name"], self.address, self._holder, states).write(self._folder)

    async def _end(self) -> None:
        await ending.end(self.keepers, ending.grace(None if self._gone else self.pod), self._hook)
        for task in self._tasks:
            task.cancel()
        if self._holder is not None:
            await asyncio.to_thread(clearing.dissolve, self._holder, self.address)
        shutil.rmtree(self._folder, ignore_errors=True)
        await self._delete()

    async def _delete(self) -> None:
        metadata = self.pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        while not self._gone:
            try:
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._uid}}
                await asyncio.to_thread(self._world.api.delete, path, options)
            except (OSError, HTTPException):
                await asyncio.sleep(_PAUSE)
            else:
                return
