"""Provides the volumes of persistent volume claims: a folder of the lab for each; the cluster itself binds them."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from lab.kubernetes.api import Api
from lab.nodeagent.claim_folders import claim_folder
from support.folder_removal import remove_folder

CLASS = "lab"
_PROVISIONER = "boutique.dev/lab"
_OWNER = "boutique-lab"
_PAUSE = 1.0
_LOG = logging.getLogger(__name__)

_STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": _PROVISIONER,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
}


class ClaimProvisioner:
    """Provides the volumes of one lab."""

    def __init__(self, api: Api, folder: Path) -> None:
        """Prepare to provide volumes.

        Args:
            api: The API server.
            folder: The folder of the volumes' folders.
        """
        self._api = api
        self._folder = folder
        self._claims: Mapping[str, Any] | None = None
        self._news = asyncio.Event()

    def see_claims(self, claims: Mapping[str, Any]) -> None:
        """Take note of the claims as they are now."""
        self._claims = claims
        self._news.set()

    async def run(self) -> None:
        """Provide what is missing and remove what is released, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._api.apply, *_object("storageclasses", _STORAGE_CLASS))
                break
            except (OSError, HTTPException):
                await asyncio.sleep(_PAUSE)
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await asyncio.to_thread(self._reconcile, dict(self._claims or {}))
            except (OSError, HTTPException) as error:
                _LOG.warning("persistent volumes: %s", error)
                self._news.set()
                await asyncio.sleep(_PAUSE)

    def _reconcile(self, claims: Mapping[str, Any]) -> None:
        for claim in claims.values():
            if claim["spec"].get("storageClassName") == CLASS and not claim["spec"].get("volumeName"):
                self._provide(claim)
        for volume in self._api.get("/api/v1/persistentvolumes")["items"]:
            reference = volume["spec"].get("claimRef") or {}
            if volume["spec"].get("storageClassName") == CLASS and reference.get("uid") not in claims:
                self._api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}", {})
                # A volume that a user made has no folder of the lab's.
                with suppress(ValueError):
                    remove_folder(claim_folder(self._folder, reference.get("uid", "")))

    def _provide(self, claim: Mapping[str, Any]) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        path = claim_folder(self._folder, metadata["uid"])
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": f"pvc-{metadata['uid']}",
                "annotations": {"pv.kubernetes.io/provisioned-by": _PROVISIONER},
            },
            "spec": {
                "accessModes": spec["accessModes"],
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": CLASS,
                "hostPath": {"path": str(path)},
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        }
        self._api.apply(*_object("persistentvolumes", volume))


def _object(kind: str, content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], str]:
    """Return an object with its path and its owner."""
    group = content["apiVersion"]
    prefix = f"/apis/{group}" if "/" in group else f"/api/{group}"
    return f"{prefix}/{kind}/{content['metadata']['name']}", content, _OWNER
