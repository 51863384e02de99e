"""What a plan would lose, or take away for a while."""

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
"""What goes with an object, by the package and the last part of its type."""

_SERVING = ("Deployment", "Service", "HTTPRoute", "VirtualService", "Gateway")
"""What nobody is served without."""


def dangers(plan: Plan, stores: Collection[str] = ()) -> tuple[str, ...]:
    """Return a line for each thing that a reviewer has to know before the update, the worst first.

    Args:
        plan: What is planned.
        stores: Names of Deployments whose pods hold state.
    """
    return tuple(
        dict.fromkeys(line for check in _CHECKS for resource in plan.changing for line in check(resource, stores))
    )


def _protected(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    if resource.protected and _goes(resource):
        yield (
            f"{_named(resource)} is protected, and the plan would {resource.operation} it: the update will be refused"
        )


def _content(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    content = _WITH_CONTENT.get((resource.package, resource.kind.rpartition("/")[2]))
    if content and _goes(resource):
        yield f"{_named(resource)} would be {resource.operation}d, and {content} lost"


def _state(resource: PlannedResource, stores: Collection[str]) -> Iterator[str]:
    if resource.kind != "Deployment" or resource.name not in stores or resource.operation is Operation.CREATE:
        return
    if _goes(resource) or any(difference.path.startswith("spec.template") for difference in differences(resource)):
        yield f"{_named(resource)} gets new pods, or none: what its pods hold is lost"


def _interruption(resource: PlannedResource, _: Collection[str]) -> Iterator[str]:
    # Of a blue/green release only what no Service selects is replaced.
    labelled = ((resource.before or {}).get("metadata") or {}).get("labels") or {}
    if labels.COLOUR in labelled:
        return
    if resource.operation is Operation.REPLACE and (resource.kind in _SERVING or resource.is_provider):
        yield f"{_named(resource)} would be replaced: it is gone before its successor is there"


def _goes(resource: PlannedResource) -> bool:
    return resource.operation in (Operation.DELETE, Operation.REPLACE)


def _named(resource: PlannedResource) -> str:
    return f"{resource.kind} {resource.name}"


_CHECKS = (_protected, _content, _state, _interruption)
