"""The output of `boutique routes`. It names the route of a session, never its id: the id is a secret."""

import json
import sys
from typing import Any

import typer
from rich.console import Console
from rich.table import Table as Rows

from boutique.routing.model import MEMBER, EdgeRoute, MeshRoute
from boutique.routing.resolution import Resolution
from boutique.routing.route_descriptions import describe_backend, describe_call
from ops.routes.cluster_routes import RouteTable
from ops.routes.route_question import RouteAnswer


def show_table(routes: RouteTable, *, as_json: bool) -> None:
    """Print all routes: first those of the gateway, then those of each Service."""
    edge = sorted(
        routes.table.edge, key=lambda route: (route.host != routes.entrance.host, route.host, not route.conditional)
    )
    mesh = sorted(routes.table.mesh, key=lambda route: (route.service.service, not route.conditional))
    if as_json:
        content = {
            "environment": routes.environment,
            "edge": [_edge_document(route) for route in edge],
            "mesh": [_mesh_document(route) for route in mesh],
            "unread": [item.line for item in routes.others],
        }
        typer.echo(json.dumps(content, indent=2))
        return
    rows = Rows("request", "goes to", "owner", "route", box=None, pad_edge=False)
    for at_edge in edge:
        rows.add_row(_request_of(at_edge, routes), describe_backend(at_edge), at_edge.owner, at_edge.name)
    for inside in mesh:
        rows.add_row(describe_call(inside), str(inside.backend), inside.owner, inside.name)
    # A pipe has no width, and a name that is cut is of no use.
    Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else 10_000).print(rows)
    _show_unread(tuple(item.line for item in routes.others))


def show_answer(answer: RouteAnswer, *, as_json: bool) -> None:
    """Print where a request goes, and why."""
    if as_json:
        content = {
            "host": answer.host,
            "edge": _served_document(answer.served),
            "mesh": {service.service: _served_document(served) for service, served in answer.calls},
            "undecided": list(answer.undecided),
            "unread": list(answer.unread),
        }
        typer.echo(json.dumps(content, indent=2))
        return
    if answer.served is None:
        typer.echo(f"{answer.host}: no route is for that host, so the gateway answers 404")
    else:
        typer.echo(f"{answer.host}: {_explain(answer.served)}")
    for service, served in answer.calls:
        typer.echo(f"{service.service}:{service.port}: {_explain(served)}")
    for name in answer.undecided:
        typer.echo(f"{name}: its route is unknown: an object that is left out may decide")
    _show_unread(answer.unread)


def _explain(served: Resolution) -> str:
    target = str(served.backend)
    carried = f" with baggage {served.baggage}" if isinstance(served.route, EdgeRoute) and served.baggage else ""
    if served.route is None:
        return f"{target}{carried}, as no route says otherwise"
    return f"{target}{carried}, by {served.route.name} of {served.route.owner}, {_condition(served.route)}"


def _condition(route: EdgeRoute | MeshRoute) -> str:
    if isinstance(route, MeshRoute):
        return f"for calls with {MEMBER}={route.feature}" if route.feature else "for all other calls"
    if route.cookie:
        return f"for the cookie {route.cookie.name} of one session"
    if route.header:
        return f"for the header {route.header.name}: {route.header.value}"
    return "for every request to this host" if route.feature else "for all other requests"


def _request_of(route: EdgeRoute, routes: RouteTable) -> str:
    link = routes.entrance.link(route.host)
    return f"{link} {_condition(route)}" if route.conditional else link


def _edge_document(route: EdgeRoute) -> dict[str, Any]:
    return {
        "route": route.name,
        "owner": route.owner,
        "host": route.host,
        "cookie": route.cookie.name if route.cookie else None,
        "header": f"{route.header.name}: {route.header.value}" if route.header else None,
        "feature": route.feature,
        "backend": str(route.backend),
        "noStore": route.no_store,
        "vary": list(route.vary),
    }


def _mesh_document(route: MeshRoute) -> dict[str, Any]:
    return {
        "route": route.name,
        "owner": route.owner,
        "service": str(route.service),
        "feature": route.feature,
        "backend": str(route.backend),
    }


def _served_document(served: Resolution | None) -> dict[str, Any] | None:
    if served is None:
        return None
    route = served.route
    return {
        "backend": str(served.backend),
        "baggage": served.baggage,
        "route": route.name if route else None,
        "owner": route.owner if route else None,
        "why": _condition(route) if route else "no route says otherwise",
    }


def _show_unread(unread: tuple[str, ...]) -> None:
    for line in unread:
        typer.echo(f"left out: {line}", err=True)
