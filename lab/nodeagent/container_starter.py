"""Starts the containers of one pod: Istio's programs, images, or stand-ins for images."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.containers.exec_process import run_command
from lab.containers.launch_plan import ExecPlan
from lab.containers.resource_limits import read_limit_groups
from lab.containers.start_errors import ContainerStartError
from lab.nodeagent import commands, logfiles
from lab.nodeagent.agent_context import AgentContext
from lab.nodeagent.container_limits import ContainerLimits
from lab.nodeagent.image_container import ImageContainers
from lab.nodeagent.pod_events import record_event
from lab.nodeagent.pods import Container
from lab.nodeagent.processes import PodProcess
from lab.nodeagent.sandbox import Sandbox

_HOOK_PATIENCE = 600.0

if TYPE_CHECKING:
    from lab.images.unpacked_image import UnpackedImage


class ContainerStarter:
    """Starts the containers of one pod."""

    def __init__(
        self, context: AgentContext, pod: Mapping[str, Any], sandbox: Sandbox, folder: Path, logs: Path
    ) -> None:
        """Prepare to start containers.

        Args:
            context: What all pods share.
            pod: The pod.
            sandbox: The pod's network.
            folder: The pod's folder.
            logs: The folder of its logs.
        """
        limits = ContainerLimits(read_limit_groups(context.folder.limits).folder, folder.name)
        self.images = ImageContainers(context, pod, folder, limits)
        self._context = context
        self._sandbox = sandbox
        self._logs = logs
        self._choices: dict[str, asyncio.Task[bool]] = {}

    def choose(self, container: Container, past: str | None) -> None:
        """Begin to decide whether a container runs its image; once decided, it stays so for the pod's life.

        Args:
            container: The container.
            past: The digest of the image that it has run; empty for a stand-in, None if it has not run yet.
        """

        async def decide() -> bool:
            if container.kind != "app":
                return False
            return past != "" if past is not None else await self._context.images.is_image(container.spec)

        self._choices[container.name] = asyncio.create_task(decide())

    async def is_image(self, container: Container) -> bool:
        """Say whether a container runs its image."""
        return await asyncio.shield(self._choices[container.name])

    async def start(self, pod: Mapping[str, Any], container: Container) -> tuple[PodProcess, str]:
        """Start a container; return its process, and the digest of its image if it runs one.

        Raises:
            OSError: It cannot be started.
        """
        if not await self.is_image(container):
            services = self._context.folder.services / f"{pod['metadata']['namespace']}.json"
            start = commands.start(container, pod, self._context.programs, services)
            log = logfiles.turn(self._logs, container.name)
            return await self._sandbox.run(start.command, start.variables, log), ""
        image = await self._provide(pod, container)
        await self._context.dns.start()
        network = await self._sandbox.connected()
        log = logfiles.turn(self._logs, container.name)
        try:
            process = await self.images.start(pod, container.spec, image, log, network)
        except (HTTPException, ValueError) as error:
            # The API server broke off, or the pod has a quantity that is none: it is tried again, as everything else.
            raise ContainerStartError("CreateContainerError", f"{type(error).__name__}: {error}") from error
        await self._run_post_start(pod, container, process)
        return process, image.digest

    async def _provide(self, pod: Mapping[str, Any], container: Container) -> "UnpackedImage":
        """Return the image of a container; a pull, and why it failed, are events of the pod."""
        reference = container.spec["image"]

        def begin_pull() -> Sequence[Mapping[str, Any]]:
            record_event(self._context.api, pod, "Normal", "Pulling", f'Pulling image "{reference}"')
            return self._pull_secrets(pod)

        try:
            return await self._context.images.provide(container.spec, begin_pull)
        except ContainerStartError as error:
            message = f'Failed to pull image "{reference}": {error}'
            await asyncio.to_thread(record_event, self._context.api, pod, "Warning", "Failed", message)
            raise

    async def execute(
        self, pod: Mapping[str, Any], container: Container, pid: int, command: Sequence[str], seconds: float
    ) -> bool:
        """Run a command in a container that runs its image; say whether it succeeds in time."""
        try:
            plan = await self.exec_plan(pod, container, pid, command)
        except (OSError, HTTPException):
            return False
        return await run_command(plan, seconds)

    async def exec_plan(
        self, pod: Mapping[str, Any], container: Container, pid: int, command: Sequence[str], *, terminal: bool = False
    ) -> ExecPlan:
        """Return how to run a command in a container that runs its image.

        Raises:
            OSError: The image, or a ConfigMap or Secret of its variables, is gone.
        """
        image = await self._context.images.find(container.spec["image"])
        if image is None:
            message = f"image {container.spec['image']} is not in the cache any more"
            raise OSError(message)
        return await self.images.exec_plan(pod, container.spec, image, pid, command, terminal=terminal)

    async def _run_post_start(self, pod: Mapping[str, Any], container: Container, process: PodProcess) -> None:
        hook = container.spec.get("lifecycle", {}).get("postStart", {})
        if "sleep" in hook:
            await asyncio.sleep(float(hook["sleep"]["seconds"]))
        if "exec" not in hook:
            return
        command = hook["exec"]["command"]
        running = asyncio.create_task(self.execute(pod, container, process.identity.pid, command, _HOOK_PATIENCE))
        process.end.add_done_callback(lambda _: running.cancel())
        with suppress(asyncio.CancelledError):
            await asyncio.wait([running])
        if running.cancelled() or not running.result():
            running.cancel()
            process.kill()
            await asyncio.wait([process.end])
            raise ContainerStartError("PostStartHookError", f"the command {' '.join(command)} failed")

    def _pull_secrets(self, pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the pull secrets of a pod, which has those of its ServiceAccount by admission."""
        secrets: list[Mapping[str, Any]] = []
        for reference in pod["spec"].get("imagePullSecrets") or []:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/secrets/{reference['name']}"
            # As a kubelet: a secret that is missing is only worth a warning.
            with suppress(OSError, HTTPException):
                if secret := self._context.api.find(path):
                    secrets.append({"name": reference["name"], "data": secret.get("data") or {}})
        return secrets
