"""Routes of the table, read back from Istio's VirtualServices.

https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boutique.mesh.istio import RETRIES
from boutique.routing import caching
from boutique.routing.model import Backend, EdgeRoute, Gateway, MeshRoute
from boutique.routing.route_fields import (
    Headers,
    Object,
    UnreadableError,
    carried_feature,
    edge_route,
    member,
    only,
    plain_host,
)

_MESH = "mesh"
"""What VirtualServices call the proxies of all callers, for which they are if they name no gateway."""
_KINDS = {"exact": "Exact", "regex": "RegularExpression"}


def read(
    name: str, owner: str, namespace: str | None, spec: Object, gateway: Gateway | None, *, cluster_domain: str
) -> Sequence[EdgeRoute | MeshRoute]:
    """Return the routes of one object; see `boutique.routing.http_route_parser.read`.

    Full names of Services end in the domain of the cluster's DNS.
    """
    only(spec, "spec", ("hosts", "gateways", "http"))
    [host] = spec["hosts"]
    [attached] = spec.get("gateways") or [_MESH]
    if attached != _MESH and gateway is not None:
        gateway_names = {
            f"{gateway.namespace}/{gateway.name}",
            *([gateway.name] if namespace == gateway.namespace else []),
        }
        if attached not in gateway_names:
            raise UnreadableError(f"attaches to the Gateway {attached}")
    own = _Names(namespace, cluster_domain)
    return list(_rules(name, owner, own, host, spec["http"], outside=attached != _MESH))


def requests(namespace: str | None, spec: Object, *, cluster_domain: str) -> Iterator[str]:
    """Return the hosts of the edge and the Services of the mesh that an object is for; `*` for all."""
    own = _Names(namespace, cluster_domain)
    yield from (own.service(str(host)) for host in spec.get("hosts") or ["*"])


@dataclass(frozen=True)
class _Names:
    """The names by which callers know the Services of a namespace."""

    namespace: str | None
    cluster_domain: str

    def service(self, host: str) -> str:
        """Return the name of a Service of the namespace by any of its names; any other host as it is."""
        name, _, rest = host.partition(".")
        ends = (f"{self.namespace}{end}" for end in ("", ".svc", f".svc.{self.cluster_domain}"))
        return name if rest in ends else host


def _rules(
    name: str, owner: str, own: _Names, host: str, rules: Sequence[Object], *, outside: bool
) -> Iterator[EdgeRoute | MeshRoute]:
    for number, rule in enumerate(rules, start=1):
        only(rule, "rule", ("name", "match", "route", *(("headers",) if outside else ())), retries=RETRIES)
        headers, port = _match(rule)
        if not headers and port is None and number < len(rules):
            raise UnreadableError("has rules behind one that matches everything")
        backend, called = _backend(rule, own), rule.get("name", name)
        if port is not None and (outside or port != backend.port):
            raise UnreadableError(f"is for the port {port} only")
        if outside:
            change: dict[str, Any] = rule.get("headers") or {}
            only(change, "headers", ("request", "response"))
            request, answers = change.get("request") or {}, change.get("response") or {}
            only(request, "headers", ("set", "remove"))
            only(answers, "headers", ("set", "add", "remove"))
            feature = carried_feature(request.get("set") or {}, request.get("remove") or [])
            no_store, vary = caching.parse_response_headers(
                answers.get("set") or {}, answers.get("add") or {}, answers.get("remove") or []
            )
            route = edge_route(called, owner, host, headers, feature, backend)
            yield replace(route, no_store=no_store, vary=vary)
        else:
            # Calls of a Service go to the port that they were for.
            callee = Backend(service=own.service(plain_host(host)), port=backend.port)
            yield MeshRoute(name=called, owner=owner, service=callee, feature=member(headers), backend=backend)


def _backend(rule: Object, own: _Names) -> Backend:
    [route] = rule["route"]
    if route.get("weight", 100) == 0:
        raise UnreadableError("sends nothing to its destination, whose weight is 0")
    only(route, "route", ("destination", "weight"))
    destination = route["destination"]
    only(destination, "destination", ("host", "port"))
    name = own.service(destination["host"])
    if "." in name:
        raise UnreadableError(f"sends to {name}, which is elsewhere")
    return Backend(service=name, port=destination["port"]["number"])


def _match(rule: Object) -> tuple[Headers, int | None]:
    """Return the conditions of a rule, and the port that it is for; None for any."""
    [match] = rule.get("match") or [{}]
    only(match, "match", ("name", "headers", "port"))
    conditions = []
    for name, matcher in (match.get("headers") or {}).items():
        # Without anything in it, it asks for the header to be there.
        [(kind, value)] = (matcher or {"present": ""}).items()
        conditions.append((name.lower(), _KINDS.get(kind, kind), value))
    return conditions, match.get("port")
