"""Who serves a request, by the route table alone: what the gateway and the proxies are to do.

It reads headers as their specifications have it and knows nothing of how a routing API says a route. So each can be
checked against it, and people can ask before anything is applied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from boutique.routing.model import MEMBER, Backend, Condition, EdgeRoute, MeshRoute, Table

Headers = tuple[tuple[str, str], ...]
"""Names in any case, each with a value; one may come several times. Bytes that are no UTF-8 are as PEP 383 has them."""

Route = TypeVar("Route", EdgeRoute, MeshRoute)

_BLANKS = " \t"


@dataclass(frozen=True, kw_only=True)
class EdgeRequest:
    """A request from outside, for a host."""

    host: str
    headers: Headers = ()


@dataclass(frozen=True, kw_only=True)
class MeshCall:
    """A call inside the mesh, of a Service."""

    service: Backend
    headers: Headers = ()


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The answer.

    Attributes:
        backend: Who serves the request.
        baggage: The header of that name that arrives there; None if none does.
        route: Why; None for a Service without routes, whose calls go where they are sent.
    """

    backend: Backend
    baggage: str | None
    route: EdgeRoute | MeshRoute | None


def backend(table: Table, request: EdgeRequest | MeshCall) -> Resolution | None:
    """Return who serves a request; None if there is no route, so that the answer is 404."""
    if isinstance(request, EdgeRequest):
        return _from_outside(table, request)
    return _inside(table, request)


def has_key(baggage: Sequence[str], key: str) -> bool:
    """Say whether a call has the key of a feature.

    Args:
        baggage: The values of its headers of that name.
        key: The key.
    """
    return _is_member(MEMBER, key, baggage)


def _from_outside(table: Table, request: EdgeRequest) -> Resolution | None:
    host = request.host.partition(":")[0].lower()
    route = _first(
        route for route in table.edge if route.host == host and _carries(route.cookie, route.header, request.headers)
    )
    if route is None:
        return None
    return Resolution(
        backend=route.backend, baggage=f"{MEMBER}={route.feature}" if route.feature else None, route=route
    )


def _inside(table: Table, call: MeshCall) -> Resolution | None:
    baggage_values = _values(call.headers, "baggage")
    baggage = ",".join(baggage_values) if baggage_values else None
    routes = [route for route in table.mesh if route.service == call.service]
    if not routes:
        return Resolution(backend=call.service, baggage=baggage, route=None)
    route = _first(route for route in routes if route.feature is None or has_key(baggage_values, route.feature))
    return Resolution(backend=route.backend, baggage=baggage, route=route) if route else None


def _first(applying: Iterable[Route]) -> Route | None:
    return min(applying, key=lambda route: not route.conditional, default=None)


def _carries(cookie: Condition | None, header: Condition | None, headers: Headers) -> bool:
    if header and header.value not in _values(headers, header.name):
        return False
    return not cookie or _is_cookie(cookie, _values(headers, "cookie"))


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip(_BLANKS) for key, value in headers if key.lower() == name.lower()]


def _is_cookie(condition: Condition, values: list[str]) -> bool:
    """Look for a cookie as RFC 6265, section 4.2.1, has it; no value can hold the ',' that joins repeated headers."""
    pairs = [pair.strip(_BLANKS).partition("=") for value in values for pair in value.replace(",", ";").split(";")]
    return any(
        name == condition.name and value in (condition.value, f'"{condition.value}"') for name, _, value in pairs
    )


def _is_member(key: str, value: str, values: Sequence[str]) -> bool:
    """Look for a member as https://www.w3.org/TR/baggage/#header-content has it; properties follow a ';'."""
    members = [member.partition(";")[0].partition("=") for item in values for member in item.split(",")]
    return any((name.strip(_BLANKS), member_value.strip(_BLANKS)) == (key, value) for name, _, member_value in members)
