"""The routes of a stack as objects of either routing API."""

from collections.abc import Mapping
from typing import Any

from boutique.application.application import Application
from boutique.mesh.gateway import Object
from boutique.routing import http_routes, route_table, virtual_services
from boutique.routing.model import EnvironmentRouting, FeatureRouting, Gateway, Table
from boutique.settings.ingress_settings import GATEWAY_API, RoutingApi
from boutique.settings.stack import Environment as Settings

# Both have to hold: that the gateway or the Service takes the route, and that what it leads to is there.
_WAIT = ",".join(
    f'"jsonpath={{.status.parents[0].conditions[?(@.type==\\"{condition}\\")].status}}=True"'
    for condition in ("Accepted", "ResolvedRefs")
)


def environment(application: Application, settings: Settings, stack: str, host: str) -> EnvironmentRouting:
    """Return what routes need to know of an environment.

    Args:
        application: What it runs.
        settings: How it is configured.
        stack: The stack that owns it.
        host: Where people reach it.
    """
    services = route_table.services(application.workloads)
    return EnvironmentRouting(
        stack=stack,
        host=host,
        entry=next(service for service in services if service.service == application.entry.workload),
        services=services,
        taken=route_table.names(application.workloads),
        cookie=application.entry.session_cookie,
        session_header=application.entry.session_header,
        features=settings.features is not None,
    )


def features(settings: Settings, stack: str) -> tuple[FeatureRouting, ...]:
    """Return the features that an environment routes itself, all of them its stack's."""
    return tuple(
        FeatureRouting(stack=stack, key=key, services=routed.services, sessions=routed.sessions, header=routed.header)
        for key, routed in (settings.features.routes if settings.features else {}).items()
    )


def mesh(api: RoutingApi, table: Table) -> tuple[Object, ...]:
    """Return the objects that say what a table says of the mesh; the edge leads into it, so they are made first."""
    return _objects(api, (http_routes if api == GATEWAY_API else virtual_services).mesh(table))


def edge(api: RoutingApi, table: Table, gateway: Gateway) -> tuple[Object, ...]:
    """Return the objects that say what a table says of the edge."""
    return _objects(api, (http_routes if api == GATEWAY_API else virtual_services).edge(table, gateway))


def _objects(api: RoutingApi, specs: Mapping[str, dict[str, Any]]) -> tuple[Object, ...]:
    rendered = http_routes if api == GATEWAY_API else virtual_services
    annotations = {"pulumi.com/waitFor": f"[{_WAIT}]"} if api == GATEWAY_API else {}
    return tuple(Object(rendered.API_VERSION, rendered.KIND, name, spec, annotations) for name, spec in specs.items())
