"""Parts of a route, read from the objects of either routing API into what a route of the table can say."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from boutique.routing import header_patterns
from boutique.routing.model import MEMBER, Backend, Condition, EdgeRoute

Object = Mapping[str, Any]
Headers = Sequence[tuple[str, str, str]]
"""What a rule asks of headers: name, kind (`Exact`, `RegularExpression` or another of the API's) and value."""

_EMPTY: tuple[object, ...] = (None, "", [], {})
_KEY = re.compile("[a-z0-9-]+")


class UnreadableError(ValueError):
    """A rule says what no route of the table can say; the text says what."""


def only(part: Object, where: str, fields: Iterable[str], **defaults: Any) -> None:  # noqa: ANN401 - any value
    """Refuse a part of an object with fields that no route of the table has.

    Args:
        part: Of an object.
        where: What it is called in messages.
        fields: The fields that are read.
        defaults: Fields that may be there with this value, which changes nothing.

    Raises:
        UnreadableError: There is another field, or another value.
    """
    other = [
        key
        for key, value in part.items()
        if key not in fields and value not in _EMPTY and not (key in defaults and value == defaults[key])
    ]
    if other:
        raise UnreadableError(f"has {', '.join(sorted(other))} in its {where}")


def edge_route(
    name: str,
    owner: str,
    host: str,
    headers: Headers,
    feature: str | None,
    backend: Backend,
) -> EdgeRoute:
    """Return a route of the edge.

    Raises:
        UnreadableError: It asks for headers in another way than a route of the table.
    """
    if len(headers) > 1:
        raise UnreadableError(f"asks for several headers: {', '.join(sorted(header for header, _, _ in headers))}")
    cookie = header = None
    for header_name, kind, value in headers:
        if header_name == "cookie" and kind == "RegularExpression":
            cookie = _condition(header_name, value, header_patterns.cookie_of)
        elif header_name != "cookie" and kind == "Exact":
            header = Condition(name=header_name, value=value)
        else:
            raise UnreadableError(f"asks for the header {header_name} in another way than this program")
    return EdgeRoute(
        name=name,
        owner=owner,
        host=plain_host(host),
        cookie=cookie,
        header=header,
        feature=feature,
        backend=backend,
    )


def member(headers: Headers) -> str | None:
    """Return the feature that calls have to carry; None for all calls.

    Raises:
        UnreadableError: It asks for something else.
    """
    if not headers:
        return None
    [(name, kind, value), *others] = headers
    if others or name != "baggage" or kind != "RegularExpression":
        names = ", ".join(sorted(name for name, _, _ in headers))
        raise UnreadableError(f"asks for the headers {names} in another way than this program")
    condition = _condition("baggage", value, header_patterns.baggage_of)
    if condition.name != MEMBER:
        raise UnreadableError(f"asks for the member {condition.name!r} of baggage")
    return condition.value


def plain_host(host: str) -> str:
    """Return a host.

    Raises:
        UnreadableError: It stands for several.
    """
    if "*" in host:
        raise UnreadableError(f"is for all hosts like {host}")
    return host


def carried_feature(given: Mapping[str, str], removed: Iterable[str]) -> str | None:
    """Return the feature that requests carry from here on.

    Args:
        given: Headers that are set, by name.
        removed: Names of headers that are removed.

    Raises:
        UnreadableError: It does something else than set or remove `baggage`.
    """
    given, removed = {name.lower(): value for name, value in given.items()}, {name.lower() for name in removed}
    if other := sorted({*given, *removed} - {"baggage"}):
        raise UnreadableError(f"changes the headers {', '.join(other)}")
    if "baggage" not in given:
        if not removed:
            raise UnreadableError("lets the header baggage in from outside")
        return None
    key, _, value = given["baggage"].partition("=")
    if removed or key != MEMBER or not _KEY.fullmatch(value):
        raise UnreadableError(f"sets baggage in another way than to one {MEMBER}")
    return value


def _condition(header: str, pattern: str, read: Callable[[str], tuple[str, str] | None]) -> Condition:
    condition = read(pattern)
    if condition is None:
        raise UnreadableError(f"asks for the header {header} by another pattern than this program writes")
    return Condition(name=condition[0], value=condition[1])
