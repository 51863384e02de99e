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
        _name(routes): {"hosts": [service], "http": _rules_of_service(routes)} for service, routes in services.items()
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


def _rules_of_service(routes: list[MeshRoute]) -> list[Spec]:
    """Return the rules of a Service; with several ports, each rule is for one of them."""
    has_ports = len({route.service.port for route in routes}) > 1
    return [_mesh(route, {"port": route.service.port} if has_ports else {}) for route in _conditional_first(routes)]


def _mesh(route: MeshRoute, port: Spec) -> Spec:
    headers = {"baggage": {"regex": header_patterns.baggage(MEMBER, route.feature)}} if route.feature else {}
    return {"name": route.name, **_matches(headers, port), **_destination(route.backend)}


def _condition(route: EdgeRoute) -> Spec:
    if route.cookie:
        return {"cookie": {"regex": header_patterns.cookie(route.cookie.name, route.cookie.value)}}
    if route.header:
        return {route.header.name: {"exact": route.header.value}}
    return {}


def _matches(headers: Spec, port: Spec | None = None) -> Spec:
    match = {**({"headers": headers} if headers else {}), **(port or {})}
    return {"match": [match]} if match else {}


def _destination(backend: Backend) -> Spec:
    destination = {"host": backend.service, "port": {"number": backend.port}}
    return {"route": [{"destination": destination}], "retries": dict(RETRIES)}
