"""An environment: the whole shop in one target."""

from collections.abc import Sequence

import pulumi

from boutique import catalogue, routes, routetable, routeview
from boutique.deployed import Deployed, deployed
from boutique.entrance import Entrance
from boutique.ingress import GATEWAY_API
from boutique.mistakes import SettingsError
from boutique.naming import NamingError
from boutique.routetable import RoutingError
from boutique.routing import Table
from boutique.settings import Environment
from components.microservice import Microservice, MicroserviceArgs
from components.provider import provider
from components.references import ENVIRONMENT, Place, environment_facts
from components.routes import Routes, RoutesArgs
from components.store import Store, StoreArgs


def build(section: Environment, place: Place) -> None:
    """Deploy the shop with the rights of the target's deployer, and say where it is."""
    if section.features and place.entrance is None:
        raise SettingsError(
            [
                "boutique:environment.features: testers come in through an ingress, and the stack of "
                "boutique:cluster.name has none; add boutique:platform.ingress there, or remove this key"
            ]
        )
    deployer = provider("deployer", kubeconfig=place.kubeconfig)
    opts = pulumi.ResourceOptions(providers=[deployer])
    owner = pulumi.get_stack()
    services = deployed(section)
    table = _table(section, place.entrance, owner) if place.entrance else Table()
    address: pulumi.Output[str | None] = pulumi.Output.from_input(None)
    reached: list[pulumi.Resource] = []
    ready: dict[str, pulumi.Output[int]] = {}
    for service in services:
        name = service.workload.name
        if service.workload.store:
            store = Store(name, StoreArgs(deployed=service, namespace=place.namespace, owner=owner), opts)
            ready[name] = store.ready
            continue
        args = MicroserviceArgs(deployed=service, namespace=place.namespace, owner=owner)
        microservice = Microservice(name, args, opts)
        reached.append(microservice)
        ready[name] = microservice.ready
        if service.workload is catalogue.ENTRY:
            address = microservice.external_address
    pulumi.export("namespace", place.namespace)
    inside = pulumi.Output.all(address, place.namespace).apply(lambda known: _url(*known))
    pulumi.export("url", _routed(table, place, place.entrance, reached, opts) if place.entrance else inside)
    pulumi.export("routes", routeview.described(table, place.entrance) if place.entrance else {})
    pulumi.export(ENVIRONMENT, pulumi.Output.secret(environment_facts(section, place)))
    pulumi.export("services", {each.workload.name: _said(each, ready[each.workload.name]) for each in services})


def _table(section: Environment, entrance: Entrance, owner: str) -> Table:
    """Return all routes that the environment's stack writes.

    Raises:
        SettingsError: It routes features that it cannot.
    """
    key = "boutique:environment.features.routes"
    features = routes.features(section, owner)
    if features and entrance.routing == GATEWAY_API:
        raise SettingsError([f"{key}: with routing.api 'gateway-api' each feature's own stack routes it; remove them"])
    try:
        return routetable.table(routes.environment(section, owner, entrance.host), features)
    except (RoutingError, NamingError) as error:
        raise SettingsError([f"{key}: {error}"]) from None


def _routed(
    table: Table, place: Place, entrance: Entrance, reached: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Build the routes that lead to the environment, and return the link to it."""
    args = RoutesArgs(
        objects=[*routes.mesh(entrance.routing, table), *routes.edge(entrance.routing, table, entrance.attached)],
        after=[*place.serving, *reached],
        namespace=place.namespace,
        owner=pulumi.get_stack(),
    )
    built = Routes("routes", args, opts)
    return built.accepted.apply(lambda _: entrance.link(entrance.host))


def _said(service: Deployed, ready: pulumi.Output[int]) -> dict[str, pulumi.Input[str | int]]:
    return {
        "image": str(service.image),
        "version": service.image.version,
        "replicas": service.replicas,
        "ready": ready,
    }


def _url(address: str | None, namespace: str) -> str:
    entry = catalogue.ENTRY
    port = entry.service.number if entry.service else 80
    return f"http://{address}" if address else f"kubectl -n {namespace} port-forward svc/{entry.name} 8080:{port}"
