"""Decides which pods the node agent runs; kwok plays those that it hands over, and no others.

One decides for both, so no pod is run twice, or by neither: kwok's Stages select the annotation.
"""

import asyncio
import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from lab.kubernetes.api import Api
from lab.nodeagent.image_source import ImageSource
from lab.nodeagent.pods import HOST_NAMESPACES, PROXY, is_istiod

ANNOTATION = "boutique.dev/lab-runner"
KWOK = "kwok"
"""The annotation of the pods that kwok plays, and its value."""

_PAUSE = 0.5
_LOG = logging.getLogger(__name__)


def is_of_mesh(pod: Mapping[str, Any]) -> bool:
    """Say whether a pod has Istio's proxy or is istiod: the node agent runs all of these."""
    spec = pod["spec"]
    return is_istiod(pod) or any(
        container["name"] == PROXY for container in [*spec.get("initContainers", []), *spec["containers"]]
    )


def is_handed_over(pod: Mapping[str, Any]) -> bool:
    """Say whether kwok plays a pod."""
    return not is_of_mesh(pod) and (pod["metadata"].get("annotations") or {}).get(ANNOTATION) == KWOK


def needs_node(pod: Mapping[str, Any]) -> bool:
    """Say whether a pod needs namespaces or files of its node: the lab's nodes have none."""
    spec = pod["spec"]
    return any(spec.get(name) for name in HOST_NAMESPACES) or any(
        "hostPath" in volume for volume in spec.get("volumes") or []
    )


async def runs_images(pod: Mapping[str, Any], images: ImageSource) -> bool:
    """Say whether a pod without a proxy runs: its images are wanted, and one at least can be had."""
    if needs_node(pod):
        return False
    for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
        if await images.is_image(container):
            return True
    return False


async def hand_over(pod: Mapping[str, Any], api: Api) -> None:
    """Have kwok play a pod; that it is gone is no trouble."""
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
    change = {"metadata": {"uid": metadata["uid"], "annotations": {ANNOTATION: KWOK}}}
    while True:
        try:
            # By the status, as a kubelet: nothing that is admitted or audited as a user's change.
            await asyncio.to_thread(api.patch, path, change)
        except (OSError, HTTPException) as error:
            _LOG.warning("pod %s is not handed to kwok yet: %s", metadata["name"], error)
            await asyncio.sleep(_PAUSE)
        else:
            return
