"""Finds data loss and interruptions in a plan."""

from collections.abc import Collection, Iterator, Mapping

from boutique.names import labels
from ops.reviews.differences import differences
from ops.reviews.plan import Operation, Plan, PlannedResource

_WITH_CONTENT: Mapping[tuple[str, str], str] = {
    ("kubernetes", "Namespace"): "everything in it",
    ("kubernetes", "PersistentVolume"): "its data",
    ("kubernetes", "PersistentVolumeClaim"): "its data",
    ("kubernetes", "StatefulSet"): "its pods, and with them what is not on a volume",
    ("kubernetes", "CustomResourceDefinition"): "every object of that kind",
    ("kubernetes", "Release"): "everything that the chart has installed",
    ("eks", "Cluster"): "everything on it",
    ("aws", "Cluster"): "everything in it",
    ("aws", "Instance"): "its data",
    ("aws", "Key"): "what it has encrypted",
    ("aws", "Table"): "its data",
    ("aws", "Volume"): "its data",
    ("aws", "Bucket"): "its data",
    ("aws", "BucketV2"): "its data",
    ("aws", "Vpc"): "everything in it",
}
"""What the deletion of an object destroys, by the package and the last part of its type."""

_SERVING = ("Deployment", "Service", "HTTPRoute", "VirtualService", "Gateway")
"""Kinds that serve requests: their replacement interrupts the service."""


def dangers(plan: Plan, stores: Collection[str] = ()) -> tuple[str, ...]:
    """Return a line for each danger of the update, the worst first.

    Args:
        plan: The plan of the stack.
        stores: Names of Deployments whose pods hold state.
    """
    return tuple(
        dict.fromkeys(line for check in _CHECKS for resource in plan.changing for line in check(resource, stores))
    )


def _protection(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    if resource.protected and _is_removed(resource):
        yield (
            f"{_title(resource)} is protected, and the plan would {resource.operation} it: the update will be refused"
        )


def _content(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    content = _WITH_CONTENT.get((resource.package, resource.kind.rpartition("/")[2]))
    if content and _is_removed(resource):
        yield f"{_title(resource)} would be {resource.operation}d, and {content} lost"


def _state(resource: PlannedResource, stores: Collection[str]) -> Iterator[str]:
    if resource.kind != "Deployment" or resource.name not in stores or resource.operation is Operation.CREATE:
        return
    if _is_removed(resource) or any(
        difference.path.startswith("spec.template") for difference in differences(resource)
    ):
        yield f"{_title(resource)} loses its pods, and with them the data that they hold"


def _interruption(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    # A blue/green rollout replaces only objects that no Service selects.
    labelled = ((resource.before or {}).get("metadata") or {}).get("labels") or {}
    if labels.REVISION in labelled:
        return
    if resource.operation is Operation.REPLACE and (resource.kind in _SERVING or resource.is_provider):
        yield f"{_title(resource)} would be replaced: it is deleted before its replacement exists"


def _is_removed(resource: PlannedResource) -> bool:
    return resource.operation in (Operation.DELETE, Operation.REPLACE)


def _title(resource: PlannedResource) -> str:
    return f"{resource.kind} {resource.name}"


_CHECKS = (_protection, _content, _state, _interruption)
