"""Compares the routes of a stack before and after its update.

They are read from the objects in the plan: a preview's document has the stack's output `routes` only before the
update.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from boutique.mesh import gateway
from boutique.routing import http_routes, virtual_services
from boutique.routing.route_descriptions import describe_backend, describe_call, describe_request
from boutique.routing.route_parser import InForce, in_force
from ops.reviews.plan import Operation, Plan, PlannedResource, section

Inputs = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ChangedRoute:
    """A route: a kind of request, and the Service that it goes to.

    Attributes:
        request: The request.
        goal: Where the request goes: Service and port and, at the gateway, the feature.
        owner: The stack that owns the route.
        service: The name of the Service.
    """

    request: str
    goal: str
    owner: str
    service: str


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A route that the update changes, or that leads to pods that it changes.

    Attributes:
        route: The route after the update; before it for a deleted route.
        was: The earlier goal of the request; None if it does not change, or the route is new.
        operation: The operation on the route itself.
        workloads: The workloads behind it that the update changes.
    """

    route: ChangedRoute
    was: str | None
    operation: Operation
    workloads: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RouteTables:
    """The route tables of a plan.

    Attributes:
        before: The routes before the update, by request.
        after: The routes after the update, by request.
        touched: The affected routes.
        unread: A line for each object that the table cannot represent.
    """

    before: Mapping[str, ChangedRoute]
    after: Mapping[str, ChangedRoute]
    touched: tuple[Touched, ...]
    unread: tuple[str, ...]


def routes(plan: Plan) -> RouteTables:
    """Return the route tables of a plan, from its objects."""
    link = _links(plan.outputs.get("url"))
    old, new = (_read(plan.resources, inputs) for inputs in (_before, _after))
    before, after = _table(old, link), _table(new, link)
    touched = [
        Touched(
            route=route,
            was=before[request].goal if request in before and before[request].goal != route.goal else None,
            operation=_operation(before.get(request), after.get(request)),
            workloads=_behind(plan, route.service),
        )
        for request, route in {**before, **after}.items()
    ]
    return RouteTables(
        before=before,
        after=after,
        touched=tuple(change for change in touched if change.operation is not Operation.SAME or change.workloads),
        unread=new.unread,
    )


def _operation(before: ChangedRoute | None, after: ChangedRoute | None) -> Operation:
    if before is None:
        return Operation.CREATE
    if after is None:
        return Operation.DELETE
    return Operation.SAME if before == after else Operation.UPDATE


def _before(resource: PlannedResource) -> Inputs | None:
    return resource.before


def _after(resource: PlannedResource) -> Inputs | None:
    return resource.after


def _read(resources: Iterable[PlannedResource], inputs: Callable[[PlannedResource], Inputs | None]) -> InForce:
    objects: dict[str, list[Inputs]] = {http_routes.KIND: [], virtual_services.KIND: []}
    for resource in resources:
        if resource.package != "kubernetes" or resource.kind not in objects or not (fields := inputs(resource)):
            continue
        # Only existing objects have an age. Routes of one stack match different requests, so the age decides nothing.
        metadata = {"creationTimestamp": "", **fields.get("metadata", {}), "name": resource.name}
        # Routes in the gateway's namespace redirect plain HTTP to HTTPS, for all environments.
        if metadata.get("namespace") != gateway.NAMESPACE:
            objects[resource.kind].append({**fields, "metadata": metadata})
    return in_force(objects[http_routes.KIND], objects[virtual_services.KIND])


def _table(current: InForce, link: Callable[[str], str]) -> Mapping[str, ChangedRoute]:
    edge = [
        ChangedRoute(
            request=describe_request(route, link),
            goal=describe_backend(route),
            owner=route.owner,
            service=route.backend.service,
        )
        for route in current.table.edge
    ]
    mesh = [
        ChangedRoute(
            request=describe_call(route), goal=str(route.backend), owner=route.owner, service=route.backend.service
        )
        for route in current.table.mesh
    ]
    return {route.request: route for route in (*edge, *mesh)}


def _links(url: object) -> Callable[[str], str]:
    """Return a function that makes links to hosts; they have the port of the environment's own link."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme != "https":
        return lambda host: host
    port = f":{parts.port}" if parts.port else ""
    return lambda host: f"https://{host}{port}"


def _behind(plan: Plan, service: str) -> tuple[str, ...]:
    """Return the workloads behind a Service that the plan changes."""
    selectors = [
        selector
        for resource in plan.resources
        if resource.kind == "Service" and resource.name == service
        for fields in (resource.before, resource.after)
        if (selector := section(fields, "spec", "selector"))
    ]
    return tuple(
        resource.name
        for resource in plan.changing
        if resource.kind == "Deployment" and any(_selects(selector, resource) for selector in selectors)
    )


def _selects(selector: Mapping[str, str], deployment: PlannedResource) -> bool:
    return any(
        selector.items() <= section(fields, "spec", "template", "metadata", "labels").items()
        for fields in (deployment.before, deployment.after)
    )
