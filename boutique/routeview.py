"""The route table as text: what people read before it is applied, and after."""

from collections.abc import Mapping

from boutique.entrance import Entrance
from boutique.routing import MEMBER, EdgeRoute, MeshRoute, Table


def described(table: Table, entrance: Entrance) -> Mapping[str, str]:
    """Return, for each kind of request, where it goes and which stack says so.

    Sessions are told by the name of their route: whoever has a session's id has the session.
    """
    edge = {_asked(route, entrance): f"{_led(route)} ({route.owner})" for route in table.edge}
    mesh = {_called(route): f"{route.backend.service}:{route.backend.port} ({route.owner})" for route in table.mesh}
    return {**edge, **mesh}


def _asked(route: EdgeRoute, entrance: Entrance) -> str:
    link = entrance.link(route.host)
    if route.cookie:
        return f"{link} with cookie {route.cookie.name} of {route.name}"
    if route.header:
        return f"{link} with header {route.header.name}: {route.header.value}"
    return link


def _led(route: EdgeRoute) -> str:
    carried = f"with {MEMBER}={route.feature}" if route.feature else "with no feature"
    return f"{route.backend.service}:{route.backend.port} {carried}"


def _called(route: MeshRoute) -> str:
    called = f"{route.service.service}:{route.service.port}"
    return f"{called} with {MEMBER}={route.feature}" if route.feature else called
