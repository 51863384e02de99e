"""Where one request would go, at the edge and in the mesh, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from boutique.routing.model import Backend
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall, Resolution, backend
from ops.errors import OperationError
from ops.routes.cluster_routes import RouteTable


@dataclass(frozen=True, kw_only=True)
class RouteAnswer:
    """Where a request goes.

    Attributes:
        host: What it is for.
        served: What the gateway does with it; None if nobody serves it.
        calls: By Service, what the mesh does with the calls that it leads to, as long as `baggage` is handed on.
        undecided: Services whose calls may go elsewhere, by an object that cannot be read.
        unread: A line for each object that cannot be read.
    """

    host: str
    served: Resolution | None
    calls: tuple[tuple[Backend, Resolution], ...]
    undecided: tuple[str, ...] = ()
    unread: tuple[str, ...]


def question(found: RouteTable, host: str, headers: Iterable[str]) -> RouteAnswer:
    """Ask the routes in force.

    Args:
        found: The routes.
        host: Of the request.
        headers: As `Name: value`.

    Raises:
        OperationError: A header is none, or an object that cannot be read may decide about the host.
    """
    host = host.partition(":")[0].lower()
    unread = tuple(each.line for each in found.others)
    if deciding := [each.line for each in found.others if each.may_decide(host)]:
        raise OperationError(f"{host}: nothing can be said of it: {'; '.join(deciding)}")
    served = backend(found.table, EdgeRequest(host=host, headers=tuple(map(_header, headers))))
    if served is None:
        return RouteAnswer(host=host, served=None, calls=(), unread=unread)
    carried: Headers = (("baggage", served.baggage),) if served.baggage else ()
    services = sorted({each.service for each in found.table.mesh}, key=lambda each: each.service)
    undecided = {each.service for each in services if any(other.may_decide(each.service) for other in found.others)}
    called = [each for each in services if each.service not in undecided]
    calls = ((each, backend(found.table, MeshCall(service=each, headers=carried))) for each in called)
    return RouteAnswer(
        host=host,
        served=served,
        calls=tuple((service, answer) for service, answer in calls if answer),
        undecided=tuple(sorted(undecided)),
        unread=unread,
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # It may hold somebody's session.
        raise OperationError(
            "--for, --header: a header is written as 'Name: value', such as 'Cookie: shop_session-id=…'"
        )
    return name.strip(), value.strip()
