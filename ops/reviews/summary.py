"""Summarizes a plan: the changes of each component of a stack."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boutique.names.image_reference import version_of
from ops.reviews.differences import Difference, differences
from ops.reviews.plan import Operation, Plan, PlannedResource

_VERSION = "app.kubernetes.io/version"


@dataclass(frozen=True, kw_only=True)
class PlanComponent:
    """The changes of one component of a stack, such as a service with its objects.

    Attributes:
        name: Its name in the program.
        operations: How many objects are to be created, updated and so on, in the order of `Operation`.
        whole: The objects that are created, deleted or replaced.
        differences: The changed fields, without repetitions.
        others: How many repetitions there are.
    """

    name: str
    operations: Mapping[Operation, int]
    whole: Sequence[PlannedResource]
    differences: Sequence[Difference]
    others: int


def parts(plan: Plan) -> tuple[PlanComponent, ...]:
    """Return the components that change, in the order of the program."""
    grouped: dict[str, list[PlannedResource]] = {}
    for resource in plan.changing:
        if resource.custom:
            grouped.setdefault(plan.part_of(resource), []).append(resource)
    return tuple(_part(name, resources) for name, resources in grouped.items())


def totals(plan: Plan) -> Mapping[Operation, int]:
    """Return the number of objects, and of changed providers, for each operation."""
    return _count(
        [resource for resource in plan.resources if resource.is_object or (resource.is_provider and resource.changes)]
    )


def _count(resources: Sequence[PlannedResource]) -> Mapping[Operation, int]:
    counts = Counter(resource.operation for resource in resources)
    return {operation: counts[operation] for operation in Operation if counts[operation]}


def _part(name: str, resources: Sequence[PlannedResource]) -> PlanComponent:
    changed = [difference for resource in resources for difference in differences(resource)]
    versions = {
        (version_of(difference.before.text), version_of(difference.after.text))
        for difference in changed
        if difference.field == "image"
    }
    # A label with the image's version, or the same field on two objects, is not a change of its own.
    distinct = {
        (difference.title, difference.before, difference.after): difference
        for difference in changed
        if not (_VERSION in difference.path and (difference.before.text, difference.after.text) in versions)
    }
    return PlanComponent(
        name=name,
        operations=_count(resources),
        whole=[resource for resource in resources if resource.operation is not Operation.UPDATE],
        differences=tuple(distinct.values()),
        others=len(changed) - len(distinct),
    )
