"""Starts the containers of one pod from their images, and programs in them."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.containers import image_command
from lab.containers.container_process import start_container
from lab.containers.container_stdin import end_stdin, open_stdin, stdin_path
from lab.containers.image_copy import copy_layers
from lab.containers.image_users import ContainerUser, resolve_user
from lab.containers.launch_plan import ExecPlan, LaunchPlan, MountPlan
from lab.containers.start_errors import OverlayRefusedError
from lab.nodeagent import pod_files
from lab.nodeagent.agent_context import AgentContext
from lab.nodeagent.container_environment import lookup_objects, pod_variables
from lab.nodeagent.container_limits import ContainerLimits
from lab.nodeagent.pod_volumes import PodVolumes
from lab.nodeagent.pods import expand
from lab.nodeagent.processes import PodProcess
from lab.nodeagent.unsupported_fields import refuse_unsupported
from support.folder_removal import remove_folder

if TYPE_CHECKING:
    from lab.images.unpacked_image import UnpackedImage

_LOG = logging.getLogger(__name__)
_refused: set[str] = set()
"""Why overlays are not available here; empty as long as they are."""


class ImageContainers:
    """The containers of one pod that run an image."""

    def __init__(self, context: AgentContext, pod: Mapping[str, Any], folder: Path, limits: ContainerLimits) -> None:
        """Prepare to start containers.

        Args:
            context: What all pods share.
            pod: The pod.
            folder: The pod's folder.
            limits: The cgroups of its containers.
        """
        self._api = context.api
        self._services = context.services
        self._folder = folder
        self._limits = limits
        self.volumes = PodVolumes(context.api, pod, folder / "volumes", context.folder.claims)

    async def start(
        self, pod: Mapping[str, Any], container: Mapping[str, Any], image: "UnpackedImage", log: Path, network: int
    ) -> PodProcess:
        """Start a container.

        Args:
            pod: The pod as it is now.
            container: The container in its spec.
            image: Its image.
            log: Where its output goes.
            network: The number of a process in the pod's network.

        Raises:
            ContainerStartError: It cannot be started.
            OSError: The API server does not answer, or the disk is full.
        """
        launch = partial(self._launch, pod, container, image, log, network)
        try:
            return await launch(copied=bool(_refused))
        except OverlayRefusedError as refusal:
            if not _refused:
                _LOG.warning("%s: the images are copied for every container, which takes longer", refusal)
            _refused.add(str(refusal))
        return await launch(copied=True)

    async def _launch(
        self,
        pod: Mapping[str, Any],
        container: Mapping[str, Any],
        image: "UnpackedImage",
        log: Path,
        network: int,
        *,
        copied: bool,
    ) -> PodProcess:
        plan = await asyncio.to_thread(self._plan, pod, container, image, copied=copied)
        stop_signal = image_command.parse_signal(image.config.stop_signal)
        if not container.get("stdin"):
            return await start_container(plan, log, network, stop_signal)
        path = stdin_path(self._folder, container["name"])
        stdin = open_stdin(path, once=bool(container.get("stdinOnce")))
        try:
            return await start_container(plan, log, network, stop_signal, stdin)
        finally:
            os.close(stdin)

    async def exec_plan(
        self,
        pod: Mapping[str, Any],
        container: Mapping[str, Any],
        image: "UnpackedImage",
        pid: int,
        command: Sequence[str],
        *,
        terminal: bool = False,
    ) -> ExecPlan:
        """Return how to run a command in a container that runs."""
        variables, _ = await asyncio.to_thread(self._variables, pod, container, image)
        if terminal:
            variables = {"TERM": "xterm", **variables}
        folder = _working_folder(container, image)
        return ExecPlan(pid, tuple(command), variables, folder, terminal, self._limits.find(container))

    def close(self) -> None:
        """Remove everything of the containers, which have ended."""
        self.volumes.remove()
        for path in (self._folder / "containers").glob("*-stdin"):
            end_stdin(path)
        with suppress(OSError):
            remove_folder(self._folder / "containers")
        self._limits.close()

    def _plan(
        self, pod: Mapping[str, Any], container: Mapping[str, Any], image: "UnpackedImage", *, copied: bool
    ) -> LaunchPlan:
        refuse_unsupported(pod, container)
        variables, user = self._variables(pod, container, image)
        expanded = partial(expand, variables=variables)
        arguments = image_command.build_arguments(
            image.config, [*map(expanded, container.get("command", []))], [*map(expanded, container.get("args", []))]
        )
        context = image_command.security_context(pod, container)
        mounts = self._mounts(pod, container, variables)
        folder = self._new_folder(container["name"])
        if copied:
            copy_layers(image.layers, folder / "root")
        return LaunchPlan(
            folder=str(folder),
            layers=tuple(map(str, image.layers)),
            copied=copied,
            read_only=bool(context.get("readOnlyRootFilesystem")),
            user=user.user,
            group=user.group,
            host_name=pod_files.host_name(pod),
            working_folder=_working_folder(container, image),
            arguments=arguments,
            variables=variables,
            mounts=mounts,
            cgroup=self._limits.create(container),
        )

    def _variables(
        self, pod: Mapping[str, Any], container: Mapping[str, Any], image: "UnpackedImage"
    ) -> tuple[dict[str, str], ContainerUser]:
        context = image_command.security_context(pod, container)
        user = resolve_user(context, image.config.user, image.layers)
        lookup = lookup_objects(self._api, pod["metadata"]["namespace"])
        own = pod_variables(pod, container, lookup, tuple(self._services.services))
        return image_command.build_variables(image.config, own, pod_files.host_name(pod), user.home), user

    def _mounts(
        self, pod: Mapping[str, Any], container: Mapping[str, Any], variables: Mapping[str, str]
    ) -> tuple[MountPlan, ...]:
        """Return the mounts of a container, those above others first."""
        standard = pod_files.write(pod, container, self._folder / "files")
        own = self.volumes.mounts(pod, container, variables)
        targets = {mount.target.rstrip("/") for mount in own}
        mounts = [*own, *(mount for mount in standard if mount.target not in targets)]
        return tuple(sorted(mounts, key=lambda mount: mount.target.rstrip("/").count("/")))

    def _new_folder(self, name: str) -> Path:
        """Return an empty folder for a container; that of its last start goes."""
        parent = self._folder / "containers"
        parent.mkdir(mode=0o700, exist_ok=True)
        for former in parent.glob(f"{name}.*"):
            remove_folder(former)
        return Path(tempfile.mkdtemp(prefix=f"{name}.", dir=parent))


def _working_folder(container: Mapping[str, Any], image: "UnpackedImage") -> str:
    return container.get("workingDir") or image.config.working_folder or "/"
