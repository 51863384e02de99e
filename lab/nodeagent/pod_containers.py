"""The containers of one pod: how each is started, and the order in which they run."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lab.nodeagent.adopted_ends import AdoptedEnds
from lab.nodeagent.agent_context import AgentContext
from lab.nodeagent.container_commands import ContainerCommands
from lab.nodeagent.container_starter import ContainerStarter
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pods import Container, containers
from lab.nodeagent.processes import PodProcess
from lab.nodeagent.restart_policy import restart_policy
from lab.nodeagent.sandbox import Sandbox
from lab.nodeagent.state import ContainerState

_Work = Coroutine[Any, Any, None]


class PodContainers:
    """The containers of one pod."""

    def __init__(
        self,
        context: AgentContext,
        pod: Callable[[], Mapping[str, Any]],
        sandbox: Sandbox,
        folder: Path,
        logs: Path,
        changed: Callable[[], None],
    ) -> None:
        """Prepare to run containers.

        Args:
            context: What all pods share.
            pod: Returns the pod as it is now.
            sandbox: Its network.
            folder: Its folder.
            logs: The folder of its logs.
            changed: Is called when the status of a container has changed.
        """
        self.workers: list[ContainerWorker] = []
        self.ends = AdoptedEnds(context.folder.orphans)
        self._pod = pod
        self._changed = changed
        self._starter = ContainerStarter(context, pod(), sandbox, folder, logs)
        self.images = self._starter.images
        self.commands = ContainerCommands(pod, self._starter, sandbox, context.programs.tools, logs)

    def take_over(self, past: Mapping[str, ContainerState]) -> None:
        """Follow the containers from the states in which an earlier node agent left them."""
        for container in containers(self._pod()):
            self.workers.append(self._worker(container, past.get(container.name)))

    def states(self) -> dict[str, ContainerState]:
        """Return their states, for the next node agent."""
        return {worker.container.name: worker.state for worker in self.workers}

    def find(self, container: str) -> ContainerWorker | None:
        """Return a container by its name."""
        return next((worker for worker in self.workers if worker.container.name == container), None)

    async def run(self, begin: Callable[[_Work], None]) -> None:
        """Run them in their order until the apps have ended for good, or an init container has failed.

        Args:
            begin: Begins a task that lives as long as the pod's network.
        """
        for worker in self.workers:
            if worker.container.init and not await self._starter.is_image(worker.container):
                # A stand-in has nothing to prepare.
                worker.decide("")
                worker.complete()
            begin(worker.keep())
            if worker.container.sidecar:
                await worker.started.wait()
            if worker.container.init:
                await worker.terminated.wait()
                if not worker.completed.is_set():
                    return
        for worker in self.workers:
            if not worker.container.sidecar:
                await worker.terminated.wait()

    async def close(self) -> None:
        """Remove their volumes and their roots, when they have ended."""
        await asyncio.to_thread(self.images.close)

    def _worker(self, container: Container, past: ContainerState | None) -> ContainerWorker:
        self._starter.choose(container, past.image if past else None)

        async def succeeds(command: Sequence[str], seconds: float) -> bool:
            return await self.commands.succeeds(self.find(container.name), command, seconds)

        return ContainerWorker(
            container,
            self._pod()["status"].get("podIP", ""),
            partial(self._start, container.name),
            self._changed,
            past,
            succeeds,
            restart_policy(self._pod(), container),
            self.ends,
        )

    async def _start(self, name: str) -> PodProcess:
        worker = self.find(name)
        assert worker is not None  # noqa: S101 - it is what calls this
        process, image = await self._starter.start(self._pod(), worker.container)
        worker.decide(image)
        return process
