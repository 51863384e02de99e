"""The routes of a stack as objects of either routing API."""

from collections.abc import Mapping
from typing import Any

from boutique import catalogue, httproutes, routetable, virtualservices
from boutique.gateway import Object
from boutique.ingress import GATEWAY_API, RoutingApi
from boutique.routing import Environment, Feature, Gateway, Table
from boutique.settings import Environment as Settings

# Both have to hold: that the gateway or the Service takes the route, and that what it leads to is there.
_WAIT = ",".join(
    f'"jsonpath={{.status.parents[0].conditions[?(@.type==\\"{condition}\\")].status}}=True"'
    for condition in ("Accepted", "ResolvedRefs")
)


def environment(settings: Settings, stack: str, host: str) -> Environment:
    """Return what routes need to know of an environment.

    Args:
        settings: How it is configured.
        stack: The stack that owns it.
        host: Where people reach it.
    """
    services = {each.service: each for each in routetable.services(catalogue.WORKLOADS)}
    return Environment(
        stack=stack,
        host=host,
        entry=services[catalogue.ENTRY.name],
        services=tuple(services.values()),
        taken=routetable.names(catalogue.WORKLOADS),
        cookie=catalogue.SESSION_COOKIE,
        features=settings.features is not None,
    )


def features(settings: Settings, stack: str) -> tuple[Feature, ...]:
    """Return the features that an environment routes itself, all of them its stack's."""
    return tuple(
        Feature(stack=stack, key=key, services=routed.services, sessions=routed.sessions, header=routed.header)
        for key, routed in (settings.features.routes if settings.features else {}).items()
    )


def mesh(api: RoutingApi, table: Table) -> tuple[Object, ...]:
    """Return the objects that say what a table says of the mesh; the edge leads into it, so they are made first."""
    return _objects(api, (httproutes if api == GATEWAY_API else virtualservices).mesh(table))


def edge(api: RoutingApi, table: Table, gateway: Gateway) -> tuple[Object, ...]:
    """Return the objects that say what a table says of the edge."""
    return _objects(api, (httproutes if api == GATEWAY_API else virtualservices).edge(table, gateway))


def _objects(api: RoutingApi, specs: Mapping[str, dict[str, Any]]) -> tuple[Object, ...]:
    rendered = httproutes if api == GATEWAY_API else virtualservices
    annotations = {"pulumi.com/waitFor": f"[{_WAIT}]"} if api == GATEWAY_API else {}
    return tuple(Object(rendered.API_VERSION, rendered.KIND, name, spec, annotations) for name, spec in specs.items())
