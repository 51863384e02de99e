"""The volumes of a pod: folders of the lab that its containers see."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from lab.containers import syscalls
from lab.containers.launch_plan import MountPlan
from lab.containers.start_errors import ContainerStartError
from lab.containers.volume_folder import write_volume
from lab.kubernetes.api import Api
from lab.nodeagent.claim_folders import claim_folder
from lab.nodeagent.files import request_token
from lab.nodeagent.pods import expand, quantity
from lab.nodeagent.volume_sources import VolumeContext, render_files
from support.folder_removal import remove_folder

_REFRESH = 60.0
_LOG = logging.getLogger(__name__)
_SECRET_SIZE = 16 * 2**20
"""Bytes of a volume in memory that holds files of the API server: none of its objects is larger than 1 MiB."""


class PodVolumes:
    """The volumes of one pod."""

    def __init__(self, api: Api, pod: Mapping[str, Any], folder: Path, claims: Path) -> None:
        """Prepare to make volumes.

        Args:
            api: The API server.
            pod: The pod.
            folder: A folder of the pod's own.
            claims: The folder of the persistent volumes.
        """
        self._api = api
        self._namespace = pod["metadata"]["namespace"]
        self._volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        self._folder = folder
        self._claims = claims
        self._tokens: dict[tuple[tuple[str, ...], int], tuple[float, str]] = {}

    def mounts(
        self, pod: Mapping[str, Any], container: Mapping[str, Any], variables: Mapping[str, str]
    ) -> tuple[MountPlan, ...]:
        """Make the volumes that a container mounts, those of them that are missing, and return its mounts.

        Raises:
            ContainerStartError: A volume cannot be made.
            OSError: The API server does not answer, or the disk is full.
        """
        return tuple(
            MountPlan(
                str(self._make(mount["name"], pod)),
                mount["mountPath"],
                bool(mount.get("readOnly")) or self._is_rendered(mount["name"]),
                mount.get("subPath") or expand(mount.get("subPathExpr", ""), variables),
            )
            for mount in container.get("volumeMounts", [])
        )

    async def keep(self, pod: Callable[[], Mapping[str, Any]]) -> None:
        """Bring the files of the volumes that are in use up to date, as often as a kubelet does, until cancelled."""
        while True:
            await asyncio.sleep(_REFRESH)
            try:
                await asyncio.to_thread(self._refresh, pod())
            except (OSError, HTTPException) as error:
                _LOG.warning("volumes of pod %s: %s", pod()["metadata"]["name"], error)

    def _refresh(self, pod: Mapping[str, Any]) -> None:
        for name in self._volumes:
            # Also those that an earlier node agent has made.
            if self._is_rendered(name) and (self._folder / name).is_mount():
                self._write(name, pod)

    def remove(self) -> None:
        """Remove what the pod does not share with others."""
        for path in self._folder.glob("*"):
            if path.is_mount():
                syscalls.unmount(str(path))
        with suppress(OSError):
            remove_folder(self._folder)

    def _is_rendered(self, name: str) -> bool:
        return any(kind in self._volumes.get(name, {}) for kind in ("configMap", "secret", "projected", "downwardAPI"))

    def _make(self, name: str, pod: Mapping[str, Any]) -> Path:
        volume = self._volumes.get(name)
        if volume is None:
            raise ContainerStartError("CreateContainerConfigError", f"the pod has no volume {name}")
        path = self._folder / name
        if "persistentVolumeClaim" in volume:
            return self._claim(volume["persistentVolumeClaim"]["claimName"])
        if self._is_rendered(name):
            # As a kubelet: what may be secret never reaches a disk.
            _make_folder(path, _SECRET_SIZE)
            self._write(name, pod)
            return path
        if "emptyDir" in volume:
            settings = volume["emptyDir"] or {}
            limit = int(quantity(str(settings.get("sizeLimit", 0))))
            in_memory = settings.get("medium") == "Memory"
            _make_folder(path, (limit or _available()) if in_memory else 0)
            return path
        kinds = ", ".join(kind for kind in volume if kind != "name")
        message = (
            f"volume {name}: the lab has no volumes of the kind {kinds}; use emptyDir, configMap, secret, projected, "
            "downwardAPI or persistentVolumeClaim"
        )
        raise ContainerStartError("CreateContainerConfigError", message)

    def _write(self, name: str, pod: Mapping[str, Any]) -> None:
        objects: dict[str, dict[str, Any] | None] = {}

        def lookup(kind: str, object_name: str) -> Mapping[str, Any] | None:
            path = f"/api/v1/namespaces/{self._namespace}/{kind.lower()}s/{object_name}"
            if path not in objects:
                objects[path] = self._api.find(path)
            return objects[path]

        context = VolumeContext(pod, lookup, lambda audiences, life: self._token(pod, audiences, life))
        files = render_files(self._volumes[name], context)
        try:
            write_volume(self._folder / name, files or {})
        except ValueError as error:
            raise ContainerStartError("CreateContainerConfigError", f"volume {name}: {error}") from error

    def _token(self, pod: Mapping[str, Any], audiences: Sequence[str], life: int) -> str:
        """Return a token that is good for at least half of its life."""
        key = (tuple(audiences), life)
        renewal, token = self._tokens.get(key, (0.0, ""))
        if time.time() > renewal:
            token = request_token(self._api, pod, list(audiences), life)
            self._tokens[key] = (time.time() + life / 2, token)
        return token

    def _claim(self, name: str) -> Path:
        claim = self._api.find(f"/api/v1/namespaces/{self._namespace}/persistentvolumeclaims/{name}")
        if claim is None:
            raise ContainerStartError("ContainerCreating", f'persistentvolumeclaim "{name}" not found')
        path = claim_folder(self._claims, claim["metadata"]["uid"])
        path.mkdir(mode=0o777, parents=True, exist_ok=True)
        return path


def _make_folder(path: Path, memory: int) -> None:
    """Make a folder, on a file system in memory of that size if it has one."""
    path.mkdir(mode=0o777, parents=True, exist_ok=True)
    path.chmod(0o777)
    if memory and not path.is_mount():
        options = f"mode=0777,size={memory}"
        syscalls.mount("tmpfs", str(path), syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC, options)


def _available() -> int:
    """Return the bytes of half of the machine's memory, the most that a file system in memory gets by itself."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return total // 2
