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
    for each in plan.changing:
        if each.custom:
            grouped.setdefault(plan.part_of(each), []).append(each)
    return tuple(_part(name, resources) for name, resources in grouped.items())


def totals(plan: Plan) -> Mapping[Operation, int]:
    """Return how many objects there are of each operation, and providers that change."""
    return _counted([each for each in plan.resources if each.is_object or (each.is_provider and each.changes)])


def _counted(resources: Sequence[PlannedResource]) -> Mapping[Operation, int]:
    found = Counter(each.operation for each in resources)
    return {operation: found[operation] for operation in Operation if found[operation]}


def _part(name: str, resources: Sequence[PlannedResource]) -> PlanComponent:
    found = [each for resource in resources for each in differences(resource)]
    versions = {(_tag(each.before.text), _tag(each.after.text)) for each in found if each.field == "image"}
    # A label that says again what an image says, or a field that is on two objects, is no change of its own.
    meant = {
        (each.title, each.before, each.after): each
        for each in found
        if not (_VERSION in each.path and (each.before.text, each.after.text) in versions)
    }
    return PlanComponent(
        name=name,
        operations=_counted(resources),
        whole=[each for each in resources if each.operation is not Operation.UPDATE],
        differences=tuple(meant.values()),
        others=len(found) - len(meant),
    )


def _tag(image: str) -> str:
    return image.rpartition("@")[2] if "@" in image else image.rpartition(":")[2]
