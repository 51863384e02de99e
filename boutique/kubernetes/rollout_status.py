"""Waits until the pods of a Deployment are those that were asked for."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from boutique.kubernetes import client
from boutique.kubernetes.connection import TIMEOUT_SECONDS
from boutique.kubernetes.kubeconfig import KubeconfigError

_PAUSE = 0.5


class NotReadyError(Exception):
    """The pods of a Deployment are not those that were asked for; the text says why."""


def wait(content: str, namespace: str, name: str, seconds: float) -> None:
    """Wait for the pods of a Deployment, as `kubectl rollout status` does.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote. Secret.
        namespace: Where it is.
        name: Of the Deployment.
        seconds: For how long at most.

    Raises:
        NotReadyError: They are not in time, or the cluster has given up.
    """
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    deadline = time.monotonic() + seconds
    while True:
        given_up = False
        try:
            live = client.for_deployer(content).request("GET", path, seconds=TIMEOUT_SECONDS)
        except KubeconfigError as error:
            missing = str(error)
        else:
            missing = lacking(live)
            if not missing:
                return
            given_up = _is_given_up(live)
        if given_up or time.monotonic() >= deadline:
            raise NotReadyError(missing)
        time.sleep(_PAUSE)


def lacking(deployment: Mapping[str, Any]) -> str:
    """Say what a Deployment lacks to be rolled out; nothing if it is.

    Args:
        deployment: As the API server has it.
    """
    status: Mapping[str, Any] = deployment.get("status", {})
    if not _is_seen(deployment):
        return "the controller of Deployments has not seen it yet"
    replicas = deployment["spec"]["replicas"]
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated >= replicas and available >= replicas:
        return "old pods are still there" if status.get("replicas", 0) > updated else ""
    return "; ".join(_troubles(status)) or f"{min(updated, available)} of {replicas} new pods are available"


def _is_seen(deployment: Mapping[str, Any]) -> bool:
    seen: int = deployment.get("status", {}).get("observedGeneration", 0)
    return seen >= int(deployment["metadata"]["generation"])


def _is_given_up(deployment: Mapping[str, Any]) -> bool:
    """Say whether the Deployment's own deadline is over (`progressDeadlineSeconds`)."""
    conditions = deployment.get("status", {}).get("conditions", [])
    progress = [condition for condition in conditions if condition["type"] == "Progressing"]
    return _is_seen(deployment) and any(condition["status"] == "False" for condition in progress)


def _troubles(status: Mapping[str, Any]) -> Iterator[str]:
    for condition in status.get("conditions", []):
        if condition["status"] == ("True" if condition["type"] == "ReplicaFailure" else "False"):
            yield condition.get("message", condition["type"]).rstrip(".")
