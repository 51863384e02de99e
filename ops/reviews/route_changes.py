"""The routes of a stack before and after its update, and which of them the update touches.

They are read from the objects in the plan: of the stack's output `routes` a preview's document has what is there, and
not what will be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from boutique.mesh import gateway
from boutique.routing import http_routes, virtual_services
from boutique.routing.route_descriptions import asked, called, led
from boutique.routing.route_parser import InForce, in_force
from ops.reviews.plan import Operation, Plan, PlannedResource, section

Inputs = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ChangedRoute:
    """Where one kind of request goes.

    Attributes:
        request: The request.
        goal: Where it goes.
        owner: The stack that says so.
        service: The Service there.
    """

    request: str
    goal: str
    owner: str
    service: str


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A route that the update changes, or that leads to what it changes.

    Attributes:
        route: As it will be; as it was if it goes.
        was: Where the request went before; None if that does not change, or there was no such route.
        operation: What becomes of the route itself.
        workloads: What the update changes behind it.
    """

    route: ChangedRoute
    was: str | None
    operation: Operation
    workloads: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RouteTables:
    """The route table of a plan.

    Attributes:
        before: As it is, by request.
        after: As it will be.
        touched: Those that are concerned.
        unread: A line for each object that says what no route of the table can say.
    """

    before: Mapping[str, ChangedRoute]
    after: Mapping[str, ChangedRoute]
    touched: tuple[Touched, ...]
    unread: tuple[str, ...]


def routes(plan: Plan) -> RouteTables:
    """Return the route table of a plan, from the very objects that are planned."""
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
        # Only objects that are there have an age. Those of one stack ask for different things, so none decides.
        metadata = {"creationTimestamp": "", **fields.get("metadata", {}), "name": resource.name}
        # What is beside the gateway leads from plain HTTP to HTTPS, for all environments.
        if metadata.get("namespace") != gateway.NAMESPACE:
            objects[resource.kind].append({**fields, "metadata": metadata})
    return in_force(objects[http_routes.KIND], objects[virtual_services.KIND])


def _table(current: InForce, link: Callable[[str], str]) -> Mapping[str, ChangedRoute]:
    edge = [
        ChangedRoute(request=asked(route, link), goal=led(route), owner=route.owner, service=route.backend.service)
        for route in current.table.edge
    ]
    mesh = [
        ChangedRoute(request=called(route), goal=str(route.backend), owner=route.owner, service=route.backend.service)
        for route in current.table.mesh
    ]
    return {route.request: route for route in (*edge, *mesh)}


def _links(url: object) -> Callable[[str], str]:
    """Return what makes a link to a host; only the port of a link that is known can tell that of another."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme != "https":
        return lambda host: host
    port = f":{parts.port}" if parts.port else ""
    return lambda host: f"https://{host}{port}"


def _behind(plan: Plan, service: str) -> tuple[str, ...]:
    """Return the workloads behind a Service that the plan changes, with what leads to them."""
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
