"""The route table that is in force, read back from the objects of either routing API.

What this program did not write, or others have changed, may say more than a route of the table can: it is named, and
left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from boutique.names import labels
from boutique.routing import http_route_parser, http_routes, virtual_service_parser, virtual_services
from boutique.routing.model import EdgeRoute, Gateway, MeshRoute, Table
from boutique.routing.route_fields import Object, UnreadableError
from boutique.settings.cluster_dns import CLUSTER_DOMAIN

Route = EdgeRoute | MeshRoute


@dataclass(frozen=True, kw_only=True)
class Unread:
    """An object that says what no route of the table can say.

    Attributes:
        line: Which one, and what it says.
        requests: The hosts of the edge and the Services of the mesh that it may be for; `*` stands for any text.
    """

    line: str
    requests: frozenset[str]

    def may_decide(self, request: str) -> bool:
        """Say whether it may be for a host or a Service."""
        return any(
            pattern == request or (pattern.startswith("*") and request.endswith(pattern.removeprefix("*")))
            for pattern in self.requests
        )


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What the objects of a namespace say.

    Attributes:
        table: What could be read.
        others: The objects that say something else.
    """

    table: Table
    others: tuple[Unread, ...]

    @property
    def unread(self) -> tuple[str, ...]:
        """A line for each object that says something else."""
        return tuple(other.line for other in self.others)


def in_force(
    of_gateway_api: Iterable[Object],
    of_istio: Iterable[Object],
    gateway: Gateway | None = None,
    cluster_domain: str = CLUSTER_DOMAIN,
) -> InForce:
    """Return the routes of a namespace, in the order in which they are asked.

    Args:
        of_gateway_api: Its HTTPRoutes.
        of_istio: Its VirtualServices.
        gateway: What routes of the edge attach to; None for any.
        cluster_domain: The domain of the cluster's DNS.
    """
    read_istio = partial(virtual_service_parser.read, cluster_domain=cluster_domain)
    requests_istio = partial(virtual_service_parser.requests, cluster_domain=cluster_domain)
    routes: list[Route] = []
    others: list[Unread] = []
    routed: dict[str, str] = {}
    for kind, objects, read_object, requests in (
        (http_routes.KIND, of_gateway_api, http_route_parser.read, http_route_parser.requests),
        (virtual_services.KIND, of_istio, read_istio, requests_istio),
    ):
        taken: dict[str, str] = {}
        for item in sorted(objects, key=_age):
            metadata, spec = item["metadata"], item.get("spec") or {}
            name, owner = metadata["name"], (metadata.get("annotations") or {}).get(labels.OWNER, "no stack")
            namespace = metadata.get("namespace")
            try:
                read = read_object(name, owner, namespace, spec, gateway)
                names = {_request(route) for route in read}
                if other := next((routed[request] for request in names if request in routed), None):
                    raise UnreadableError(
                        f"is for {', '.join(sorted(names))} like {other}, and Istio follows one of them"
                    )
                routes += read
                taken |= dict.fromkeys(names, f"{kind} {name}")
                if kind == virtual_services.KIND:
                    # Of two for one host Istio follows the older; HTTPRoutes are joined.
                    routed |= taken
            except UnreadableError as error:
                others.append(_unread(kind, name, owner, str(error), requests(namespace, spec)))
            except (LookupError, TypeError, ValueError, AttributeError):
                reason = "has another form than the routes of this program"
                others.append(_unread(kind, name, owner, reason, requests(namespace, spec)))
        routed |= taken
    edge = tuple(route for route in routes if isinstance(route, EdgeRoute))
    mesh = tuple(route for route in routes if isinstance(route, MeshRoute))
    return InForce(table=Table(edge=edge, mesh=mesh), others=tuple(others))


def _age(item: Object) -> tuple[str, str]:
    return item["metadata"]["creationTimestamp"], item["metadata"]["name"]


def _request(route: Route) -> str:
    return route.host if isinstance(route, EdgeRoute) else route.service.service


def _unread(kind: str, name: str, owner: str, reason: str, requests: Iterable[str]) -> Unread:
    try:
        patterns = frozenset(requests)
    except (LookupError, TypeError, ValueError, AttributeError):
        patterns = frozenset("*")
    return Unread(line=f"{kind} {name} of {owner}: {reason}", requests=patterns)
