"""The route table as Istio's VirtualServices: one object per host and per Service, so that one stack owns all of them.

Istio joins no VirtualServices of one Service: of two, the older wins and the other does nothing. Inside one, the first
rule that matches wins: https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from boutique.mesh.istio import RETRIES
from boutique.routing import caching, header_patterns
from boutique.routing.model import MEMBER, Backend, EdgeRoute, Gateway, MeshRoute, Table

API_VERSION = "networking.istio.io/v1"
KIND = "VirtualService"

Spec = dict[str, Any]
Route = TypeVar("Route", EdgeRoute, MeshRoute)


def edge(table: Table, gateway: Gateway) -> Mapping[str, Spec]:
    """Return the specs of the edge's hosts by the name of their object, that of the route without a condition.

    Args:
        table: The whole table of an environment, its features included.
        gateway: What they attach to.
    """
    hosts: dict[str, list[EdgeRoute]] = defaultdict(list)
    for route in table.edge:
        hosts[route.host].append(route)
    return {
        _name(routes): {
            "hosts": [host],
            "gateways": [f"{gateway.namespace}/{gateway.name}"],
            "http": [_edge(route) for route in _conditional_first(routes)],
        }
        for host, routes in hosts.items()
    }


def mesh(table: Table) -> Mapping[str, Spec]:
    """Return the specs of the mesh's Services by the name of their object, that of the route without a condition.

    Args:
        table: The whole table of an environment, its features included.
    """
    services: dict[str, list[MeshRoute]] = defaultdict(list)
    for route in table.mesh:
        services[route.service.service].append(route)
    return {
        _name(routes): {"hosts": [service], "http": [_mesh(route) for route in _conditional_first(routes)]}
        for service, routes in services.items()
    }


def _name(routes: Iterable[EdgeRoute] | Iterable[MeshRoute]) -> str:
    return next(route.name for route in routes if not route.conditional)


def _conditional_first(routes: Iterable[Route]) -> list[Route]:
    return sorted(routes, key=lambda route: not route.conditional)


def _edge(route: EdgeRoute) -> Spec:
    request_headers = {"set": {"baggage": f"{MEMBER}={route.feature}"}} if route.feature else {"remove": ["baggage"]}
    return {
        "name": route.name,
        **_matches(_condition(route)),
        "headers": {"request": request_headers, **_response_headers(route)},
        **_destination(route.backend),
    }


def _response_headers(route: EdgeRoute) -> Spec:
    headers = caching.response_headers(route)
    if headers is None:
        return {}
    change = {
        **({"set": dict(headers.set)} if headers.set else {}),
        **({"add": dict(headers.add)} if headers.add else {}),
        **({"remove": list(headers.remove)} if headers.remove else {}),
    }
    return {"response": change}


def _mesh(route: MeshRoute) -> Spec:
    headers = {"baggage": {"regex": header_patterns.baggage(MEMBER, route.feature)}} if route.feature else {}
    return {"name": route.name, **_matches(headers), **_destination(route.backend)}


def _condition(route: EdgeRoute) -> Spec:
    if route.cookie:
        return {"cookie": {"regex": header_patterns.cookie(route.cookie.name, route.cookie.value)}}
    if route.header:
        return {route.header.name: {"exact": route.header.value}}
    return {}


def _matches(headers: Spec) -> Spec:
    return {"match": [{"headers": headers}]} if headers else {}


def _destination(backend: Backend) -> Spec:
    destination = {"host": backend.service, "port": {"number": backend.port}}
    return {"route": [{"destination": destination}], "retries": dict(RETRIES)}
