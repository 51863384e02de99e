"""The events of pods that `kubectl describe pod` shows: those of a kubelet about images."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, Literal

from lab.kubernetes.api import Api

_OWNER = "kubelet"
_LONGEST = 1024
"""Characters of a message: the API server refuses longer ones."""

_LOG = logging.getLogger(__name__)


def record_event(
    api: Api, pod: Mapping[str, Any], kind: Literal["Normal", "Warning"], reason: str, message: str
) -> None:
    """Record an event of a pod; the same again only has a later time. One that cannot be recorded is no trouble.

    Args:
        api: The API server.
        pod: The pod.
        kind: Its type.
        reason: Such as `Failed`.
        message: A sentence for people.
    """
    content = event(pod, kind, reason, message, datetime.now(UTC))
    metadata = content["metadata"]
    try:
        api.apply(f"/api/v1/namespaces/{metadata['namespace']}/events/{metadata['name']}", content, _OWNER)
    except (OSError, HTTPException) as error:
        _LOG.warning("event of pod %s: %s", pod["metadata"]["name"], error)


def event(pod: Mapping[str, Any], kind: str, reason: str, message: str, now: datetime) -> dict[str, Any]:
    """Return an event; its name is the same for the same words."""
    metadata, time = pod["metadata"], now.strftime("%Y-%m-%dT%H:%M:%SZ")
    words = hashlib.sha256(f"{metadata['uid']} {reason} {message}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{words}", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "type": kind,
        "reason": reason,
        "message": message[:_LONGEST],
        "source": {"component": _OWNER, "host": pod["spec"].get("nodeName", "")},
        "firstTimestamp": time,
        "lastTimestamp": time,
    }
