"""The route table of an environment, as its cluster has it."""

from dataclasses import dataclass
from pathlib import Path

from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import Table
from boutique.routing.route_parser import Unread, in_force
from ops.features.origin import origin
from ops.smoke.namespace_objects import HTTP_ROUTES, VIRTUAL_SERVICES


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """What is in force.

    Attributes:
        environment: The environment's stack.
        entrance: Where people's requests come in.
        table: The routes.
        others: The objects that say what no route of the table can say.
    """

    environment: str
    entrance: GatewayEndpoint
    table: Table
    others: tuple[Unread, ...]


def route_table(project: Path, environment: str) -> RouteTable:
    """Read the routes of an environment.

    Raises:
        OperationError: The environment or its cluster cannot be read.
    """
    there = origin(project, environment)
    httproutes, virtual_services = (there.namespace.listed(each) for each in (HTTP_ROUTES, VIRTUAL_SERVICES))
    entrance = there.entrance
    found = in_force(httproutes, virtual_services, entrance.attached, entrance.cluster_domain)
    return RouteTable(environment=environment, entrance=entrance, table=found.table, others=found.others)
