"""The parts of a stack in a comment: what becomes of each, in one line."""

from collections.abc import Mapping, Sequence

from ops.reviews.differences import HIDDEN, NOTHING, Difference, Value
from ops.reviews.markdown import MarkdownSection, code, header, row
from ops.reviews.plan import Operation, PlannedResource, section
from ops.reviews.summary import PlanComponent

_SHOWN = 4
"""So many changes of a part are told without unfolding anything."""


def summary(found: Sequence[PlanComponent]) -> MarkdownSection:
    """Return the table of what becomes of each part of a stack."""
    return MarkdownSection(head=header("part", "objects", "what changes"), lines=[_part(each) for each in found])


def _part(part: PlanComponent) -> str:
    objects = ", ".join(f"{count} to {operation}" for operation, count in part.operations.items())
    said = [*map(_whole, part.whole), *map(_change, part.differences)]
    left = len(said) - _SHOWN
    lines = [*said[:_SHOWN], f"and {left} more, see below"] if left > 1 else said
    return row(code(part.name), objects, "<br>".join(lines))


def _whole(each: PlannedResource) -> str:
    operation = f"**{each.operation}**" if each.operation in (Operation.DELETE, Operation.REPLACE) else each.operation
    containers = section(each.after, "spec", "template", "spec").get("containers")
    images = [code(str(one.get("image")).rpartition("/")[2]) for one in containers or [] if isinstance(one, Mapping)]
    return f"{operation} {each.kind} {code(each.name)}{f', image {images[0]}' if images else ''}"


def _change(each: Difference) -> str:
    before, after = each.before.text, each.after.text
    if each.field == "image" and before.rpartition(":")[0] == after.rpartition(":")[0]:
        before, after = before.rpartition(":")[2], after.rpartition(":")[2]
        return f"image {code(before)} → {code(after)}"
    name = code(each.title)
    if each.before == each.after == HIDDEN:
        return f"{name}, which is not shown"
    if each.before == NOTHING:
        return f"{name} {shown(each.after)} (new)"
    if each.after == NOTHING:
        return f"{name} {shown(each.before)} (taken out)"
    return f"{name} {shown(each.before)} → {shown(each.after)}"


def shown(value: Value) -> str:
    """Return what a field says."""
    return code(value.text) if value.literal else f"*{value.text}*"
