"""What differs between two versions of an object, field by field."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.reviews.plan import SECRET, UNKNOWN, Operation, Resource

_ABSENT: Final = object()
_KEYS = ("name", "containerPort", "port")
"""By what people tell the elements of a list: the first that all of them have."""
_UNTOLD: Mapping[str, tuple[str, ...]] = {
    "Secret": ("data", "stringData"),
    # They may hold the id of a tester's session, which is all that it takes to have the session.
    "HTTPRoute": ("spec",),
    "VirtualService": ("spec",),
}
"""Fields by the kind of their object whose values nobody is told, whether or not they are marked as secret."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a field says.

    Attributes:
        text: It as text.
        literal: Whether the text is the value itself, and not words about it.
    """

    text: str
    literal: bool = True


NOTHING = Value(text="not there", literal=False)
HIDDEN = Value(text="not shown", literal=False)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that changes.

    Attributes:
        path: Where it is, such as `spec.template.spec.containers[server].image`.
        before: What it says.
        after: What it will say.
    """

    path: str
    before: Value
    after: Value

    @property
    def field(self) -> str:
        """The last part of its path; of an element of a list, the list's name as well."""
        return re.sub(r"^.*\.(?![^\[]*\])", "", self.path)


def differences(resource: Resource) -> tuple[Difference, ...]:
    """Return every field of a resource that changes; none of one that comes or goes as a whole.

    Of a secret that changes only the path is told, which its provider knows.
    """
    if resource.operation not in (Operation.UPDATE, Operation.REPLACE):
        return ()
    found = [
        Difference(path=path, before=_value(resource, path, before), after=_value(resource, path, after))
        for path, before, after in _walk("", resource.before or {}, resource.after or {})
    ]
    known = [_plain(each.path) for each in found]
    return (
        *found,
        *(
            Difference(path=reason, before=HIDDEN, after=HIDDEN)
            for reason in resource.reasons
            if not any(_overlap(_plain(reason), each) for each in known)
        ),
    )


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _walk(_joined(path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        one, other = _keyed(before, after)
        for key in dict.fromkeys([*one, *other]):
            yield from _walk(f"{path}[{key}]", one.get(key, _ABSENT), other.get(key, _ABSENT))
    elif before != after:
        yield path, before, after


def _joined(path: str, key: str) -> str:
    # As in Pulumi's own paths: a key with a dot is quoted.
    step = f'["{key}"]' if re.search(r"[.\[\]]", key) else key
    return f"{path}{'' if step.startswith('[') or not path else '.'}{step}"


def _keyed(before: Sequence[Any], after: Sequence[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the elements of two lists by what tells them from each other; by their place if nothing does."""
    for name in _KEYS:
        keys = [[each.get(name) if isinstance(each, Mapping) else None for each in one] for one in (before, after)]
        if all(None not in one and len(set(map(str, one))) == len(one) for one in keys):
            return dict(zip(keys[0], before, strict=True)), dict(zip(keys[1], after, strict=True))
    return dict(enumerate(before)), dict(enumerate(after))


def _value(resource: Resource, path: str, value: object) -> Value:
    if value is _ABSENT:
        return NOTHING
    if _plain(path).split(".")[0] in _UNTOLD.get(resource.kind, ()) or value == SECRET:
        return HIDDEN
    if value == UNKNOWN:
        return Value(text="known after the update", literal=False)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Value(text=text.replace(UNKNOWN, "…"))


def _plain(path: str) -> str:
    return re.sub(r'\["?[^\]]*\]', "", path)


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def between(found: Iterable[Difference], ending: str) -> tuple[Difference, ...]:
    """Return the differences of one field, wherever it is."""
    return tuple(each for each in found if each.field == ending)
