"""Compares two versions of an object field by field."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from boutique.outputs import UNKNOWN
from ops.reviews.plan import SECRET, Operation, PlannedResource

_ABSENT: Final = object()
_KEY = "name"
"""The key that identifies the elements of a list, if all of them have it."""
_HIDDEN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Secret": ("data", "stringData"),
    "HTTPRoute": ("spec",),
    "VirtualService": ("spec",),
}
"""Fields by the kind of their object whose values are hidden, whether or not they are marked as secret.

Routes may hold the id of a tester's session, and anyone with the id has the session.
"""
_IN_ROUTE_TABLE = ("HTTPRoute", "VirtualService")
"""Kinds whose changes the route table shows."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """The value of a field.

    Attributes:
        text: The value as text.
        literal: Whether the text is the value itself, and not a description of it.
    """

    text: str
    literal: bool = True


NOTHING = Value(text="not there", literal=False)
HIDDEN = Value(text="not shown", literal=False)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that changes.

    Attributes:
        path: The path of the field, such as `spec.template.spec.containers[server].image`.
        before: The value before the update.
        after: The value after the update.
    """

    path: str
    before: Value
    after: Value

    @property
    def field(self) -> str:
        """The last step of the path."""
        return _steps(self.path)[-1]

    @property
    def title(self) -> str:
        """The end of the path, enough for a reader who sees the value, such as `requests.cpu` or `env[NAME].value`."""
        *before, last = _steps(self.path)[-2:]
        return ".".join([*(step for step in before if step not in ("spec", "metadata")), last])


def differences(resource: PlannedResource) -> tuple[Difference, ...]:
    """Return the changed fields of a resource; none for a resource that is created or deleted.

    Of a changed secret only the path appears, from its provider.
    """
    if resource.operation not in (Operation.UPDATE, Operation.REPLACE):
        return ()
    changed = dict.fromkeys(
        _difference(resource, path, before, after)
        for path, before, after in _walk("", resource.before or {}, resource.after or {})
    )
    paths = [_field_names(difference.path) for difference in changed]
    return (
        *changed,
        *(
            Difference(path=reason, before=HIDDEN, after=HIDDEN)
            for reason in resource.reasons
            if not any(_overlap(_field_names(reason), path) for path in paths)
        ),
    )


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _walk(_join(path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _match_elements(before, after)
        for key in dict.fromkeys([*old, *new]):
            yield from _walk(f"{path}[{key}]", old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif before != after:
        yield path, before, after


def _join(path: str, key: str) -> str:
    # As in Pulumi's own paths: a key with a dot is quoted.
    step = f'["{key}"]' if re.search(r"[.\[\]]", key) else key
    return f"{path}{'' if step.startswith('[') or not path else '.'}{step}"


def _match_elements(before: Sequence[Any], after: Sequence[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the elements of two lists by their names, or by their positions if they have no unique names."""
    keys = [
        [element.get(_KEY) if isinstance(element, Mapping) else None for element in elements]
        for elements in (before, after)
    ]
    if all(None not in names and len(set(map(str, names))) == len(names) for names in keys):
        return dict(zip(keys[0], before, strict=True)), dict(zip(keys[1], after, strict=True))
    return dict(enumerate(before)), dict(enumerate(after))


def _difference(resource: PlannedResource, path: str, before: object, after: object) -> Difference:
    # A value that becomes a secret, or is no longer one, is hidden on both sides.
    if resource.kind in _IN_ROUTE_TABLE and _field_names(path)[0] in _HIDDEN_FIELDS[resource.kind]:
        return Difference(path=_field_names(path)[0], before=HIDDEN, after=HIDDEN)
    is_hidden = SECRET in (before, after) or _field_names(path)[0] in _HIDDEN_FIELDS.get(resource.kind, ())
    render = _hidden if is_hidden else _value
    return Difference(path=path, before=render(before), after=render(after))


def _hidden(value: object) -> Value:
    return NOTHING if value is _ABSENT else HIDDEN


def _value(value: object) -> Value:
    if value is _ABSENT:
        return NOTHING
    if value == UNKNOWN:
        return Value(text="known after the update", literal=False)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Value(text=text.replace(UNKNOWN, "…"))


def _steps(path: str) -> list[str]:
    return re.findall(r"(?:[^.\[]|\[[^\]]*\])+", path)


def _field_names(path: str) -> list[str]:
    """Return the steps of a path without list keys: Pulumi writes indexes there."""
    return [re.sub(r"\[.*", "", step) for step in _steps(path)]


def _overlap(left: list[str], right: list[str]) -> bool:
    length = min(len(left), len(right))
    return left[:length] == right[:length]
