"""Writes the components of a stack for a comment, one line each."""

from collections.abc import Mapping, Sequence

from boutique.names.image_reference import Reference
from boutique.settings.release_settings import Pin
from ops.reviews.differences import HIDDEN, NOTHING, Difference, Value
from ops.reviews.markdown import MarkdownSection, code, header, row
from ops.reviews.plan import Operation, PlannedResource, section
from ops.reviews.summary import PlanComponent

_SHOWN = 4
"""How many changes of a component are visible without unfolding."""


def summary(components: Sequence[PlanComponent]) -> MarkdownSection:
    """Return the table of a stack's components and their changes."""
    return MarkdownSection(
        head=header("part", "objects", "what changes"), lines=[_part(component) for component in components]
    )


def _part(part: PlanComponent) -> str:
    objects = ", ".join(f"{count} to {operation}" for operation, count in part.operations.items())
    changes = [*map(_whole, part.whole), *map(_change, part.differences)]
    left = len(changes) - _SHOWN
    lines = [*changes[:_SHOWN], f"and {left} more, see below"] if left > 1 else changes
    return row(code(part.name), objects, "<br>".join(lines))


def _whole(resource: PlannedResource) -> str:
    operation = (
        f"**{resource.operation}**"
        if resource.operation in (Operation.DELETE, Operation.REPLACE)
        else resource.operation
    )
    containers = section(resource.after, "spec", "template", "spec").get("containers")
    images = [
        code(str(container.get("image")).rpartition("/")[2])
        for container in containers or []
        if isinstance(container, Mapping)
    ]
    return f"{operation} {resource.kind} {code(resource.name)}{f', image {images[0]}' if images else ''}"


def _change(difference: Difference) -> str:
    before, after = difference.before.text, difference.after.text
    if difference.field == "image" and (versions := _versions(before, after)):
        return f"image {code(versions[0])} → {code(versions[1])}"
    name = code(difference.title)
    if difference.before == difference.after == HIDDEN:
        return f"{name}, which is not shown"
    if difference.before == NOTHING:
        return f"{name} {format_value(difference.after)} (new)"
    if difference.after == NOTHING:
        return f"{name} {format_value(difference.before)} (removed)"
    return f"{name} {format_value(difference.before)} → {format_value(difference.after)}"


def _versions(before: str, after: str) -> tuple[str, str] | None:
    """Return the versions of two images of one repository; None for other images, and for a value that is unknown."""
    try:
        old, new = Reference.parse(before), Reference.parse(after)
    except ValueError:
        return None
    return (str(Pin.of(old)), str(Pin.of(new))) if old.repository == new.repository else None


def format_value(value: Value) -> str:
    """Return the value of a field as Markdown."""
    return code(value.text) if value.literal else f"*{value.text}*"
