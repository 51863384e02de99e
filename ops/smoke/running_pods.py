"""Reads the running pods of an environment with the rights of its deployer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from boutique.kubernetes.client import Object
from boutique.kubernetes.listing import DEPLOYMENTS, PODS
from boutique.names import labels
from ops.errors import ClusterError
from ops.smoke.namespace_objects import Namespace
from support.deadline import Deadline
from support.standin_images import is_standin

_APP = "app"


@dataclass(frozen=True, kw_only=True)
class RunningWorkload:
    """The Deployment and the pods of one service.

    Attributes:
        replicas: How many pods its Deployment asks for.
        ready: How many pods are ready.
        images: The images of the ready pods.
        standins: How many ready pods run a stand-in of the lab in place of an image.
        trouble: Why other pods are not ready, as far as their status says.
    """

    replicas: int
    ready: int
    images: tuple[str, ...]
    standins: int = 0
    trouble: tuple[str, ...]


def try_running_pods(
    deployer: str,
    namespace: str,
    deadline: Deadline,
    feature: str | None = None,
    deployments: Collection[str] = (),
) -> tuple[Mapping[str, RunningWorkload] | None, str]:
    """Return the result of `running_pods` and an empty text, or None and its error."""
    try:
        return running_pods(deployer, namespace, deadline, feature, deployments), ""
    except ClusterError as error:
        return None, str(error)


def running_pods(
    deployer: str,
    namespace: str,
    deadline: Deadline,
    feature: str | None = None,
    deployments: Collection[str] = (),
) -> Mapping[str, RunningWorkload]:
    """Return the running workloads of the baseline, or of a feature, by the name of the service.

    Args:
        deployer: Its kubeconfig, as JSON.
        namespace: The namespace to read.
        deadline: When to give up; no request is repeated.
        feature: The key of the feature; None for the baseline.
        deployments: The names of the active Deployments of services with blue/green releases.

    Raises:
        ClusterError: The API server does not answer, or refuses.
    """
    selector = f"{labels.FEATURE}={feature}" if feature else f"{labels.TRACK}={labels.BASELINE}"
    objects = Namespace(name=namespace, deployer=deployer)
    items = objects.list_objects(DEPLOYMENTS, selector, seconds=deadline.left)
    pods = objects.list_objects(PODS, selector, seconds=deadline.left)
    serving = [item for item in items if not _label(item, labels.REVISION) or item["metadata"]["name"] in deployments]
    return {
        name: _running(deployment, [pod for pod in pods if _is_of(pod, deployment)])
        for deployment in serving
        if (name := _label(deployment, _APP))
    }


def _label(item: Object, name: str) -> str | None:
    value: str | None = (item["metadata"].get("labels") or {}).get(name)
    return value


def _is_of(pod: Object, deployment: Object) -> bool:
    return all(_label(pod, name) == _label(deployment, name) for name in (_APP, labels.REVISION))


def _running(deployment: Object, pods: Sequence[Object]) -> RunningWorkload:
    # The mesh may have injected containers into the pods.
    declared = {container["name"] for container in deployment["spec"]["template"]["spec"]["containers"]}
    ready = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and _has_condition(pod, "Ready")]
    images = {
        container["image"] for pod in ready for container in pod["spec"]["containers"] if container["name"] in declared
    }
    waiting = [line for pod in pods if pod not in ready for line in _pod_errors(pod)]
    refused = [
        condition["message"]
        for condition in _status_list(deployment, "conditions")
        if condition["type"] == "ReplicaFailure"
    ]
    return RunningWorkload(
        replicas=deployment["spec"]["replicas"],
        ready=len(ready),
        images=tuple(sorted(images)),
        standins=sum(_has_standin(pod, declared) for pod in ready),
        trouble=tuple(dict.fromkeys([*refused, *waiting])),
    )


def _has_standin(pod: Object, containers: Collection[str]) -> bool:
    statuses = _status_list(pod, "containerStatuses")
    return any(status["name"] in containers and is_standin(status.get("imageID", "")) for status in statuses)


def _status_list(item: Object, name: str) -> Sequence[Object]:
    entries: Sequence[Object] = (item.get("status") or {}).get(name) or ()
    return entries


def _has_condition(pod: Object, kind: str) -> bool:
    return any(
        condition["type"] == kind and condition["status"] == "True" for condition in _status_list(pod, "conditions")
    )


def _pod_errors(pod: Object) -> Iterator[str]:
    for condition in _status_list(pod, "conditions"):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{condition.get('reason')}: {condition.get('message')}"
    for container in (*_status_list(pod, "initContainerStatuses"), *_status_list(pod, "containerStatuses")):
        state = container.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason not in (None, "Completed", "PodInitializing", "ContainerCreating"):
            yield f"container {container['name']}: {reason}"
