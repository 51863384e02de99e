"""The one process that keeps a lab alive: process 1 of the lab's process namespace.

When it ends, however it ends, the kernel ends every other process of that namespace, so a lab never leaves one behind:
pid_namespaces(7). It also accepts the host's connections, since it is the process that has a foot in both networks.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException

from lab.folder import Folder
from lab.kubernetes import controlplane, nodes
from lab.kubernetes.api import Api
from lab.kubernetes.controlplane import Component
from lab.record import State
from lab.supervision import network, published_ports
from lab.supervision.component_health import is_healthy
from lab.supervision.journal import Journal
from lab.supervision.process import Processes, SupervisedProcess
from support.orphan_ends import write_orphan_end

_ATTEMPTS = 5
"""The number of times that a component may end before it was ever ready, until the lab gives up."""

_POLL = 0.05
_GRACE = 15.0
_LONGEST_PAUSE = 5.0
_STEADY = 10.0
"""A component that lived this long is not the same trouble again: it is restarted without delay."""


class ComponentFailedError(Exception):
    """A component that does not start, by name."""


class Supervisor:
    """Starts the components, restarts those that end, stops them all, and keeps the record of it."""

    def __init__(self, folder: Folder, components: Sequence[Component], environment: dict[str, str]) -> None:
        self._folder = folder
        self._components = components
        self._environment = environment
        self._children = Processes(self._note_orphan)
        self._running: dict[str, SupervisedProcess] = {}
        self._ready = {component.name: asyncio.Event() for component in components}
        self._stop = asyncio.Event()
        self._journal = Journal(folder.record, components)

    async def run(self, publications: Sequence[published_ports.Publication]) -> bool:
        """Keep the lab alive until a signal stops it; return whether no component failed."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._children.reap)
        # The kernel keeps from process 1 every signal that it has not asked for.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._journal.begin()
        servers = await published_ports.serve(publications)
        tasks = [loop.create_task(self._complete())]
        tasks += [loop.create_task(self._keep(component)) for component in self._components]
        stop = loop.create_task(self._await_stop())
        await _wait_for_stop_or_failure(stop, tasks)
        failed = ""
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                if not isinstance(error, ComponentFailedError):
                    raise error
                failed = str(error)
        for task in (*tasks, stop):
            task.cancel()
        for server in servers:
            server.close()
        await self._stop_all()
        self._journal.end(failed)
        return not failed

    def _note_orphan(self, pid: int, code: int) -> None:
        """Write down how a container ended that a node agent had started which has ended before it."""
        # A full disk must not end the lab: to the next node agent that container's end is unknown.
        with suppress(OSError):
            write_orphan_end(self._folder.orphans, pid, code)

    async def _await_stop(self) -> None:
        await self._stop.wait()

    async def _keep(self, component: Component) -> None:
        """Keep one component alive."""
        if component.after:
            await self._ready[component.after].wait()
        failures, restarts, was_ready = 0, 0, False
        while True:
            began = time.monotonic()
            process = self._start(component)
            state = State.RESTARTING if restarts else State.STARTING
            self._journal.component(component.name, state, pid=process.host_pid, started=time.time())
            probe = asyncio.create_task(self._watch(component, again=restarts > 0))
            try:
                # Cancelling this task does not end the process.
                await asyncio.shield(process.end)
            finally:
                probe.cancel()
            was_ready = was_ready or self._ready[component.name].is_set()
            self._ready[component.name].clear()
            restarts += 1
            failures = 1 if time.monotonic() - began > _STEADY else failures + 1
            self._journal.component(component.name, State.RESTARTING, pid=0, restarts=restarts)
            if not was_ready and failures >= _ATTEMPTS:
                raise ComponentFailedError(component.name)
            await asyncio.sleep(min(0.1 * 2 ** (failures - 1), _LONGEST_PAUSE))

    def _start(self, component: Component) -> SupervisedProcess:
        log = self._folder.logs / f"{component.name}.log"
        try:
            process = self._children.start(component.command, self._environment, log)
        except OSError as error:
            with log.open("a") as file:
                file.write(f"{component.command[0]} cannot be started: {error}\n")
            raise ComponentFailedError(component.name) from error
        self._running[component.name] = process
        return process

    async def _watch(self, component: Component, *, again: bool) -> None:
        """Note when a component that was started is ready, and renew those that need it if it was before."""
        while not await asyncio.to_thread(is_healthy, component.health):
            await asyncio.sleep(_POLL)
        self._ready[component.name].set()
        self._journal.component(component.name, State.RUNNING)
        for dependent in self._components if again else ():
            if dependent.renewed_by == component.name and dependent.name in self._running:
                await self._running[dependent.name].stop(_GRACE)

    async def _complete(self) -> None:
        """Wait until workloads can run, and record it."""
        for name, ready in self._ready.items():
            self._journal.note_awaited(name)
            await ready.wait()
        api = Api(network.LOOPBACK, controlplane.API_PORT, self._folder.pki)
        applied = False
        while True:
            try:
                if not applied:
                    await asyncio.to_thread(nodes.apply, api)
                    applied = True
                missing = await asyncio.to_thread(nodes.missing_prerequisite, api)
            except (OSError, HTTPException):
                missing = "kube-apiserver"
            if not missing:
                break
            self._journal.note_awaited(missing)
            await asyncio.sleep(_POLL)
        self._journal.note_running()

    async def _stop_all(self) -> None:
        """Stop the components in the reverse order of their start, so that none loses what it still needs."""
        self._journal.note_stopping()
        for component in reversed(self._components):
            if component.name in self._running:
                await self._running[component.name].stop(_GRACE)
                self._journal.component(component.name, State.STOPPED, pid=0)


async def _wait_for_stop_or_failure(stop: "asyncio.Task[None]", tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Wait for the stop signal, or for the first task that fails."""
    pending = {stop, *tasks}
    while not stop.done():
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() for task in done):
            return
