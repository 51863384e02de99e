"""The route table as HTTPRoutes of the Gateway API: one object per route, so that each stack owns its own.

Istio joins all HTTPRoutes of one host, and all of one Service and namespace with the same `parentRefs.port`. Of several
that match, the one with more header matches wins, then the older object, then the name:
https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httprouterule

An HTTPRoute says nothing of retries; those of the whole mesh apply (`boutique/mesh/istio.py`).
"""

from collections.abc import Mapping
from typing import Any

from boutique.routing import caching, header_patterns
from boutique.routing.model import MEMBER, Backend, EdgeRoute, Gateway, MeshRoute, Table

API_VERSION = "gateway.networking.k8s.io/v1"
KIND = "HTTPRoute"

Spec = dict[str, Any]


def edge(table: Table, gateway: Gateway) -> Mapping[str, Spec]:
    """Return the specs of the edge's routes by the name of their object."""
    return {route.name: _edge(route, gateway) for route in table.edge}


def mesh(table: Table) -> Mapping[str, Spec]:
    """Return the specs of the mesh's routes by the name of their object."""
    return {route.name: _mesh(route) for route in table.mesh}


def _edge(route: EdgeRoute, gateway: Gateway) -> Spec:
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": gateway.namespace,
        "name": gateway.name,
        "sectionName": gateway.preview_listener if route.preview else gateway.listener,
    }
    rule = {
        **_matches(_conditions(route)),
        "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": _baggage(route)},
            *_response_headers(route),
        ],
        **_backend(route.backend),
        # No limit; without a value the time is the implementation's to choose.
        "timeouts": {"request": "0s"},
    }
    return {"parentRefs": [parent], "hostnames": [route.host], "rules": [rule]}


def _mesh(route: MeshRoute) -> Spec:
    parent = {"group": "", "kind": "Service", "name": route.service.service, "port": route.service.port}
    headers = [_regular("baggage", header_patterns.baggage(MEMBER, route.feature))] if route.feature else []
    return {"parentRefs": [parent], "rules": [{**_matches(headers), **_backend(route.backend)}]}


def _conditions(route: EdgeRoute) -> list[Spec]:
    if route.cookie:
        return [_regular("cookie", header_patterns.cookie(route.cookie.name, route.cookie.value))]
    if route.header:
        return [{"type": "Exact", "name": route.header.name, "value": route.header.value}]
    return []


def _regular(name: str, pattern: str) -> Spec:
    return {"type": "RegularExpression", "name": name, "value": pattern}


def _matches(headers: list[Spec]) -> Spec:
    return {"matches": [{"headers": headers}]} if headers else {}


def _baggage(route: EdgeRoute) -> Spec:
    # `set` replaces all values of a header.
    return (
        {"set": [{"name": "baggage", "value": f"{MEMBER}={route.feature}"}]}
        if route.feature
        else {"remove": ["baggage"]}
    )


def _response_headers(route: EdgeRoute) -> list[Spec]:
    headers = caching.response_headers(route)
    if headers is None:
        return []
    change = {
        **({"set": _header_list(headers.set)} if headers.set else {}),
        **({"add": _header_list(headers.add)} if headers.add else {}),
        **({"remove": list(headers.remove)} if headers.remove else {}),
    }
    return [{"type": "ResponseHeaderModifier", "responseHeaderModifier": change}]


def _header_list(headers: Mapping[str, str]) -> list[Spec]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _backend(backend: Backend) -> Spec:
    return {"backendRefs": [{"name": backend.service, "port": backend.port}]}
