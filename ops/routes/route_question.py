"""Resolves one request at the gateway and in the mesh."""

from collections.abc import Iterable
from dataclasses import dataclass

from boutique.routing.model import Backend
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall, Resolution, backend
from ops.errors import OperationError
from ops.routes.cluster_routes import RouteTable


@dataclass(frozen=True, kw_only=True)
class RouteAnswer:
    """The backends of one request.

    Attributes:
        host: The host of the request.
        served: The backend that the gateway selects; None if no route matches.
        calls: By Service, the backend of the calls that it causes, as long as `baggage` is passed on.
        undecided: Services whose backend an object decides that cannot be read.
        unread: One line per object that cannot be read.
    """

    host: str
    served: Resolution | None
    calls: tuple[tuple[Backend, Resolution], ...]
    undecided: tuple[str, ...] = ()
    unread: tuple[str, ...]


def answer_question(routes: RouteTable, host: str, headers: Iterable[str]) -> RouteAnswer:
    """Resolve a request by the routes in force.

    Args:
        routes: The routes.
        host: The host of the request.
        headers: Its headers, as `Name: value`.

    Raises:
        OperationError: A header is invalid, or an object that cannot be read may decide about the host.
    """
    host = host.partition(":")[0].lower()
    unread = tuple(item.line for item in routes.others)
    if deciding := [item.line for item in routes.others if item.may_decide(host)]:
        raise OperationError(f"{host}: its route is unknown: {'; '.join(deciding)}")
    served = backend(routes.table, EdgeRequest(host=host, headers=tuple(map(_header, headers))))
    if served is None:
        return RouteAnswer(host=host, served=None, calls=(), unread=unread)
    carried: Headers = (("baggage", served.baggage),) if served.baggage else ()
    services = sorted({route.service for route in routes.table.mesh}, key=lambda service: service.service)
    undecided = {
        service.service for service in services if any(item.may_decide(service.service) for item in routes.others)
    }
    called = [service for service in services if service.service not in undecided]
    calls = ((service, backend(routes.table, MeshCall(service=service, headers=carried))) for service in called)
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
        # The message omits the text: it may contain a session's id.
        raise OperationError("--for, --header: a header is written as 'Name: value', such as 'Cookie: session-id=…'")
    return name.strip(), value.strip()
