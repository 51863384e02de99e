"""The plan in a few lines: what becomes of each part of a stack."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops.reviews.differences import Difference, differences
from ops.reviews.plan import Operation, Plan, PlannedResource

_VERSION = "app.kubernetes.io/version"


@dataclass(frozen=True, kw_only=True)
class PlanComponent:
    """What becomes of one part of a stack, such as a service with its objects.

    Attributes:
        name: Its name in the program.
        operations: How many objects are to be created, updated and so on, in the order of `Operation`.
        whole: The objects that come, go, or are replaced.
        differences: The fields that people mean when they change the part, each once.
        others: How many fields change beside those.
    """

    name: str
    operations: Mapping[Operation, int]
    whole: Sequence[PlannedResource]
    differences: Sequence[Difference]
    others: int


def parts(plan: Plan) -> tuple[PlanComponent, ...]:
    """Return the parts in which anything changes, in the order in which the program makes them."""
    grouped: dict[str, list[PlannedResource]] = {}
    for resource in plan.changing:
        if resource.custom:
            grouped.setdefault(plan.part_of(resource), []).append(resource)
    return tuple(_part(name, resources) for name, resources in grouped.items())


def totals(plan: Plan) -> Mapping[Operation, int]:
    """Return how many objects there are of each operation, and providers that change."""
    return _counted(
        [resource for resource in plan.resources if resource.is_object or (resource.is_provider and resource.changes)]
    )


def _counted(resources: Sequence[PlannedResource]) -> Mapping[Operation, int]:
    counts = Counter(resource.operation for resource in resources)
    return {operation: counts[operation] for operation in Operation if counts[operation]}


def _part(name: str, resources: Sequence[PlannedResource]) -> PlanComponent:
    changed = [difference for resource in resources for difference in differences(resource)]
    versions = {
        (_tag(difference.before.text), _tag(difference.after.text))
        for difference in changed
        if difference.field == "image"
    }
    # A label that says again what an image says, or a field that is on two objects, is no change of its own.
    distinct = {
        (difference.title, difference.before, difference.after): difference
        for difference in changed
        if not (_VERSION in difference.path and (difference.before.text, difference.after.text) in versions)
    }
    return PlanComponent(
        name=name,
        operations=_counted(resources),
        whole=[resource for resource in resources if resource.operation is not Operation.UPDATE],
        differences=tuple(distinct.values()),
        others=len(changed) - len(distinct),
    )


def _tag(image: str) -> str:
    return image.rpartition("@")[2] if "@" in image else image.rpartition(":")[2]
