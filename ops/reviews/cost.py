"""Sums up what a stack needs of its cluster: objects, pods, CPU and memory requests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boutique.settings.quantities import api_amount
from ops.reviews.plan import Plan, PlannedResource, section

Inputs = Mapping[str, Any]

_REPLICATED = ("Deployment", "StatefulSet", "ReplicaSet")
_CHART = "kubernetes:helm.sh/v3:Release"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The objects, pods and resource requests of a stack.

    Attributes:
        objects: Objects that a provider manages; a Helm release counts as one.
        charts: Helm releases among them; their contents are not counted.
        pods: Pods of Deployments, StatefulSets and ReplicaSets.
        cpu: CPU requests of these pods, in cores.
        memory: Memory requests of these pods, in bytes.
    """

    objects: int = 0
    charts: int = 0
    pods: int = 0
    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)


def before(plan: Plan) -> Cost:
    """Return the cost of a stack before the update."""
    return _cost(plan.resources, lambda resource: resource.before)


def after(plan: Plan) -> Cost:
    """Return the cost of a stack after the update."""
    return _cost(plan.resources, lambda resource: resource.after)


def _cost(resources: Iterable[PlannedResource], inputs: Callable[[PlannedResource], Inputs | None]) -> Cost:
    objects = [
        (resource, fields) for resource in resources if resource.is_object and (fields := inputs(resource)) is not None
    ]
    pods = [
        (_replicas(section(fields, "spec").get("replicas", 1)), section(fields, "spec", "template", "spec"))
        for resource, fields in objects
        if resource.package == "kubernetes" and resource.kind in _REPLICATED
    ]
    return Cost(
        objects=len(objects),
        charts=sum(resource.type == _CHART for resource, _ in objects),
        pods=sum(replicas for replicas, _ in pods),
        cpu=sum((replicas * _pod_request(pod, "cpu") for replicas, pod in pods), Decimal(0)),
        memory=sum((replicas * _pod_request(pod, "memory") for replicas, pod in pods), Decimal(0)),
    )


def _pod_request(pod: Inputs, resource: str) -> Decimal:
    """Return the request of a pod that the scheduler reserves.

    Init containers run one by one before the others, so the largest of them counts, if it is larger than all of those:
    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    own = sum((_container_request(container, resource) for container in pod.get("containers") or []), Decimal(0))
    return max([own, *(_container_request(container, resource) for container in pod.get("initContainers") or [])])


def _replicas(value: object) -> int:
    # A number that is unknown before the update counts as 1, the default of Kubernetes.
    return int(value) if isinstance(value, int | float) else 1


def _container_request(container: Inputs, resource: str) -> Decimal:
    requests = section(container, "resources", "requests")
    try:
        return api_amount(requests.get(resource, "0"))
    except ValueError:
        # The amount is unknown before the update.
        return Decimal(0)
