"""Routes of the other routing API for what a stack routes itself: Istio joins none of one kind with those of the other.

At the gateway a route of the other kind has nothing to attach to; in the mesh Istio follows one of the two. Either way
one of the routes does nothing, without an error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boutique.kubernetes import listing
from boutique.kubernetes.client import Object
from boutique.kubernetes.ownership import Owned
from boutique.routing import http_routes, virtual_services
from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import Gateway, Table
from boutique.settings.cluster_dns import CLUSTER_DOMAIN
from boutique.settings.errors import ErrorLine
from boutique.settings.ingress_settings import GATEWAY_API, RoutingApi

_MESH = "mesh"
"""What VirtualServices call the proxies of all callers, for which they are if they name no gateway."""


@dataclass(frozen=True, kw_only=True)
class RouteClaim:
    """What one stack routes, and no other may route in the other API.

    Attributes:
        stack: The stack.
        api: What its routes are written in.
        setting: Where the configuration says so, with the value.
        gateway: What routes of the edge attach to.
        hosts: Those of the edge; `*.<host>` stands for all names under one.
        services: The Services of the mesh.
        cluster_domain: The domain of the cluster's DNS.
    """

    stack: str
    api: RoutingApi
    setting: str
    gateway: Gateway
    hosts: frozenset[str]
    services: frozenset[str]
    cluster_domain: str = CLUSTER_DOMAIN

    @classmethod
    def of(
        cls, table: Table, entrance: GatewayEndpoint, *, stack: str, setting: str, previews: bool = False
    ) -> "RouteClaim":
        """Return the claim of a stack that writes the routes of a table.

        Args:
            table: Its routes.
            entrance: Where people's requests come in.
            stack: See the attribute.
            setting: The same.
            previews: Whether it has the names under its host as well, for any of its features.
        """
        return cls(
            stack=stack,
            api=entrance.routing,
            setting=setting,
            gateway=entrance.parent_gateway,
            hosts=frozenset(route.host for route in table.edge) | ({f"*.{entrance.host}"} if previews else set()),
            services=frozenset(route.service.service for route in table.mesh),
            cluster_domain=entrance.cluster_domain,
        )


def find_conflicts(content: str, namespace: str, claim: RouteClaim) -> tuple[ErrorLine, ...]:
    """Ask for the routes of the other API in a namespace, and return the lines of `conflicts`.

    Raises:
        KubeconfigError: See `listing.list_objects`.
    """
    collection = listing.VIRTUAL_SERVICES if claim.api == GATEWAY_API else listing.HTTP_ROUTES
    return tuple(conflicts(listing.list_objects(content, namespace, collection), namespace, claim))


def conflicts(routes: Sequence[Object], namespace: str, claim: RouteClaim) -> Iterator[ErrorLine]:
    """Return a line for each route of others that is for what a stack routes, and one for all routes of one feature.

    The stack's own are none: it deletes them when it goes over from one API to the other.

    Args:
        routes: All VirtualServices of the namespace, for a stack that writes HTTPRoutes; else all HTTPRoutes.
        namespace: Where they and the stack's own are.
        claim: What the stack routes.
    """
    features: set[tuple[str | None, str]] = set()
    for route in routes:
        theirs = Owned.of(route["metadata"])
        if theirs.owner == claim.stack or (theirs.owner, theirs.feature) in features:
            continue
        read = _of_virtual_service if claim.api == GATEWAY_API else _of_http_route
        if names := list(dict.fromkeys(read(route.get("spec") or {}, namespace, claim))):
            yield ErrorLine("route-conflict", _line(theirs, names, namespace, claim))
            if theirs.feature:
                features.add((theirs.owner, theirs.feature))


def _line(theirs: Owned, names: Sequence[str], namespace: str, claim: RouteClaim) -> str:
    ours, kind, fields = http_routes.KIND, virtual_services.KIND, "hosts"
    if claim.api != GATEWAY_API:
        ours, kind, fields = virtual_services.KIND, http_routes.KIND, "parentRefs and hostnames"
    whose = f"stack {theirs.owner!r}" if theirs.owner else "no stack"
    prefix = (
        f"{claim.setting}: {kind} {theirs.name!r} of {whose} is for {', '.join(map(repr, names))}, which {ours}s "
        "route; Istio would ignore one of them: "
    )
    if theirs.feature:
        destroyed = f"run `pulumi destroy` of {whose} first, or " if theirs.owner else "run "
        return f"{prefix}it is of the feature {theirs.feature!r}; {destroyed}`boutique feature down {theirs.feature}`"
    command = f"kubectl -n {namespace} delete {kind.lower()} {theirs.name}"
    removed = "remove it there" if theirs.owner else f"delete it ({command})"
    return f"{prefix}{removed}, or take that out of its {fields}"


def _of_virtual_service(spec: Object, namespace: str, claim: RouteClaim) -> Iterator[str]:
    """Return those of its hosts that the stack routes."""
    gateways = spec.get("gateways") or [_MESH]
    services = {name for service in claim.services for name in _names(service, namespace, claim.cluster_domain)}
    claimed = {
        *(claim.hosts if any(gateway != _MESH for gateway in gateways) else ()),
        *(services if _MESH in gateways else ()),
    }
    for host in spec.get("hosts", []):
        if any(_overlap(host, claimed_host) for claimed_host in claimed):
            yield host


def _of_http_route(spec: Object, namespace: str, claim: RouteClaim) -> Iterator[str]:
    """Return those of its Services and hosts that the stack routes."""
    parents = spec.get("parentRefs", [])
    for reference in parents:
        if reference.get("kind") == "Service" and reference.get("namespace", namespace) == namespace:
            yield from claim.services & {reference["name"]}
    gateways = [parent for parent in parents if parent.get("kind", "Gateway") == "Gateway"]
    if not gateways:
        return
    attached = any(_attaches(gateway, namespace, claim.gateway) for gateway in gateways)
    # Without hostnames a route is for all those of the gateways that it attaches to.
    for host in spec.get("hostnames") or (["*"] if attached else []):
        if any(_overlap(host, claimed_host) for claimed_host in claim.hosts):
            yield host


def _attaches(parent: dict[str, Any], namespace: str, gateway: Gateway) -> bool:
    return (parent.get("namespace", namespace), parent["name"]) == (gateway.namespace, gateway.name)


def _names(service: str, namespace: str, cluster_domain: str) -> tuple[str, ...]:
    """Return the names by which callers know a Service, all of which Istio gives to its route."""
    inside = f"{service}.{namespace}"
    return service, inside, f"{inside}.svc", f"{inside}.svc.{cluster_domain}"


def _overlap(host: str, other: str) -> bool:
    return host == other or _covers(host, other) or _covers(other, host)


def _covers(pattern: str, host: str) -> bool:
    return pattern.startswith("*") and host.removeprefix("*").endswith(pattern.removeprefix("*"))
