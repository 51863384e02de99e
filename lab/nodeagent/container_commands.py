"""Runs commands in the containers of one pod that run: those of probes, of hooks and of `kubectl exec`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.containers.launch_plan import ExecPlan
from lab.nodeagent import logfiles
from lab.nodeagent.container_starter import ContainerStarter
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.sandbox import Sandbox

_LONGEST_HOOK = 3600.0
"""Seconds: the pod's grace period ends a hook earlier."""


class ContainerCommands:
    """Runs commands in the containers of one pod."""

    def __init__(
        self,
        pod: Callable[[], Mapping[str, Any]],
        starter: ContainerStarter,
        sandbox: Sandbox,
        tools: Path,
        logs: Path,
    ) -> None:
        """Prepare to run commands.

        Args:
            pod: Returns the pod as it is now.
            starter: What starts its containers.
            sandbox: The pod's network.
            tools: The folder of the lab's tools.
            logs: The folder of the pod's logs.
        """
        self._pod = pod
        self._starter = starter
        self._sandbox = sandbox
        self._tools = tools
        self._logs = logs

    async def succeeds(self, worker: ContainerWorker | None, command: Sequence[str], seconds: float) -> bool:
        """Say whether a command ends with 0 in time; in a stand-in, which has no commands, it counts as a success."""
        if worker is None or not worker.state.image or worker.state.process is None:
            return True
        return await self._starter.execute(self._pod(), worker.container, worker.state.process.pid, command, seconds)

    async def plan(self, worker: ContainerWorker, command: Sequence[str], *, terminal: bool) -> ExecPlan:
        """Return how to run a command in a container that runs its image.

        Raises:
            OSError: It does not run, or its image is gone.
        """
        pod = self._pod()
        if worker.state.process is None:
            message = f"container {worker.container.name} of pod {pod['metadata']['name']} does not run"
            raise OSError(message)
        pid = worker.state.process.pid
        return await self._starter.exec_plan(pod, worker.container, pid, command, terminal=terminal)

    async def run_hook(self, worker: ContainerWorker, command: Sequence[str]) -> None:
        """Run the command of a hook: of an image, or a program of Istio's. A stand-in has no other."""
        if worker.state.image and worker.state.process:
            await self.succeeds(worker, command, _LONGEST_HOOK)
            return
        program = self._tools / command[0]
        if not program.exists():
            return
        with suppress(OSError):
            log = logfiles.current(self._logs, worker.container.name)
            process = await self._sandbox.run([str(program), *command[1:]], {}, log)
            await asyncio.shield(process.end)
