"""The route table of an environment, read from its cluster."""

from dataclasses import dataclass
from pathlib import Path

from boutique.kubernetes.listing import HTTP_ROUTES, VIRTUAL_SERVICES
from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import Table
from boutique.routing.route_parser import Unread, in_force
from ops.features.origin import namespace_of, origin


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """The routes in force in an environment.

    Attributes:
        environment: The environment's stack.
        entrance: The endpoint of its gateway.
        table: The routes.
        others: The objects that the table cannot represent.
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
    source = origin(project, environment)
    namespace = namespace_of(source)
    httproutes, virtual_services = (
        namespace.list_objects(collection) for collection in (HTTP_ROUTES, VIRTUAL_SERVICES)
    )
    entrance = source.entrance
    effective = in_force(httproutes, virtual_services, entrance.parent_gateway, entrance.cluster_domain)
    return RouteTable(environment=environment, entrance=entrance, table=effective.table, others=effective.others)
