"""An environment: the whole shop in one target."""

from collections.abc import Sequence

import pulumi

from boutique import catalogue, gateway, routes, routetable
from boutique.deployed import Deployed, deployed
from boutique.routing import Gateway
from boutique.settings import Environment
from components.microservice import Microservice, MicroserviceArgs
from components.provider import provider
from components.references import Entrance, Place, link
from components.routes import Routes, RoutesArgs
from components.store import Store, StoreArgs


def build(section: Environment, place: Place) -> None:
    """Deploy the shop with the rights of the target's deployer, and say where it is."""
    deployer = provider("deployer", kubeconfig=place.kubeconfig)
    opts = pulumi.ResourceOptions(providers=[deployer])
    owner = pulumi.get_stack()
    services = deployed(section)
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
    pulumi.export("url", _routed(section, place, place.entrance, reached, opts) if place.entrance else inside)
    pulumi.export("services", {each.workload.name: _said(each, ready[each.workload.name]) for each in services})
    # Whoever holds the stack finds the deployer's kubeconfig there, among that stack's secret `targets`.
    pulumi.export("target", {"stack": place.stack, "name": place.target})


def _routed(
    section: Environment,
    place: Place,
    entrance: Entrance,
    reached: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Build the routes that lead to the environment, and return the link to it."""
    owner = pulumi.get_stack()

    def rendered(host: str, at: Gateway) -> Sequence[gateway.Object]:
        table = routetable.baseline(routes.environment(section, owner, host))
        return routes.objects(entrance.routing, table, at)

    args = RoutesArgs(rendered=rendered, entrance=entrance, after=reached, namespace=place.namespace, owner=owner)
    built = Routes("routes", args, opts)
    return pulumi.Output.all(built.accepted, entrance.port).apply(lambda known: link(known[0], known[1]))


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
