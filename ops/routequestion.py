"""Where one request would go, at the edge and in the mesh, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from boutique.oracle import Call, Headers, Request, Served, backend
from boutique.routing import Backend
from ops.errors import OperationError
from ops.routetables import RouteTable


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Where a request goes.

    Attributes:
        host: What it is for.
        served: What the gateway does with it; None if nobody serves it.
        calls: By Service, what the mesh does with the calls that it leads to, as long as `baggage` is handed on.
        unread: A line for each object that might decide otherwise.
    """

    host: str
    served: Served | None
    calls: tuple[tuple[Backend, Served], ...]
    unread: tuple[str, ...]


def question(found: RouteTable, host: str, headers: Iterable[str]) -> Answer:
    """Ask the routes in force.

    Args:
        found: The routes.
        host: Of the request.
        headers: As `Name: value`.

    Raises:
        OperationError: A header is none.
    """
    served = backend(found.table, Request(host=host, headers=tuple(map(_header, headers))))
    if served is None:
        return Answer(host=host, served=None, calls=(), unread=found.unread)
    carried: Headers = (("baggage", served.baggage),) if served.baggage else ()
    called = sorted({each.service for each in found.table.mesh}, key=lambda each: each.service)
    calls = ((each, backend(found.table, Call(service=each, headers=carried))) for each in called)
    return Answer(
        host=host,
        served=served,
        calls=tuple((service, answer) for service, answer in calls if answer),
        unread=found.unread,
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # It may hold somebody's session.
        raise OperationError(
            "--for, --header: a header is written as 'Name: value', such as 'Cookie: shop_session-id=…'"
        )
    return name.strip(), value.strip()
