"""The route table as text: what people read before it is applied, and after."""

from collections.abc import Callable, Mapping

from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import HEADER, MEMBER, EdgeRoute, MeshRoute, Table


def describe_routes(table: Table, entrance: GatewayEndpoint) -> Mapping[str, str]:
    """Return, for each kind of request, where it goes and which stack says so.

    Sessions are shown by the name of their route: anyone with a session's id has the session.
    """
    edge = {
        describe_request(route, entrance.link): f"{describe_backend(route)} ({route.owner})" for route in table.edge
    }
    mesh = {describe_call(route): f"{route.backend} ({route.owner})" for route in table.mesh}
    return {**edge, **mesh}


def describe_request(route: EdgeRoute, link: Callable[[str], str]) -> str:
    """Return which requests at the edge are meant.

    Args:
        route: What is done with them.
        link: Returns the link to a host.
    """
    if route.cookie:
        return f"{link(route.host)} with cookie {route.cookie.name} of {route.name}"
    if route.header and route.header.name != HEADER:
        return f"{link(route.host)} with header {route.header.name} of {route.name}"
    if route.header:
        return f"{link(route.host)} with header {route.header.name}: {route.header.value}"
    return link(route.host)


def describe_backend(route: EdgeRoute) -> str:
    """Return where requests of the edge go, what they carry from there on, and what caches may keep of the answers."""
    carried = f"with {MEMBER}={route.feature}" if route.feature else "with no feature"
    kept = (*(["no-store"] if route.no_store else []), *([f"Vary: {', '.join(route.vary)}"] if route.vary else []))
    return ", ".join((f"{route.backend} {carried}", *kept))


def describe_call(route: MeshRoute) -> str:
    """Return which calls in the mesh are meant."""
    return f"{route.service} with {MEMBER}={route.feature}" if route.feature else str(route.service)
