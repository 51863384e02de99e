"""An environment: the whole shop in one target."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pulumi

from boutique import catalogue, foreignroutes, routes, routetable, routeview
from boutique.checks.environment import unknown_secrets
from boutique.checks.release import refused
from boutique.colours import Colours
from boutique.deployed import Deployed, deployed
from boutique.entrance import Entrance
from boutique.features import PRODUCTION
from boutique.foreignroutes import Claim
from boutique.ingress import GATEWAY_API
from boutique.kubeconfig import KubeconfigError
from boutique.mistakes import SettingsError
from boutique.naming import NamingError
from boutique.release import Release
from boutique.rollout import BLUE_GREEN
from boutique.routetable import RoutingError
from boutique.routing import Table
from boutique.settings import Environment
from components import stacks
from components.microservice import Microservice, MicroserviceArgs
from components.place import Place
from components.provider import provider
from components.references import ENVIRONMENT, environment_facts
from components.routes import Routes, RoutesArgs
from components.store import Store, StoreArgs
from components.wayback import WayBack

CALLEES_FIRST = "calleesFirst"
COLOURS = "colours"
"""The output by which the stack tells itself which pods got requests last; secret."""


def remembered(section: Environment) -> Mapping[str, Any] | None:
    """Return what the last update has left for the next to know: to be read before this one changes anything.

    Returns:
        None if there was none that came to its end.
    """
    if not any(each.strategy == BLUE_GREEN for each in deployed(section)):
        return {}
    told = stacks.remembered(COLOURS)
    return json.loads(told) if isinstance(told, str) and told.startswith("{") else None


def build(
    section: Environment,
    release: Release | None,
    secrets: Mapping[str, str],
    target: str,
    place: Place,
    before: Mapping[str, Any] | None,
    way_back: WayBack,
) -> None:
    """Deploy the shop with the rights of the target's deployer, and say where it is.

    Args:
        section: The environment.
        release: The versions, if there is such a section.
        secrets: Those of its services, by name.
        target: Where it goes.
        place: The same, as whoever has built it tells it.
        before: What `remembered` returned.
        way_back: Where services are named whose requests go back to warm pods.
    """
    if place.channel and (mistakes := list(refused(place.channel, target, section, release))):
        raise SettingsError(mistakes)
    if section.features and place.entrance is None:
        raise SettingsError(
            [
                "boutique:environment.features: testers come in through an ingress, and the stack of "
                "boutique:cluster.name has none; add boutique:platform.ingress there, or remove this key"
            ]
        )
    if section.features and place.features is None:
        raise SettingsError(
            [
                f"boutique:environment.features: target {target!r} has no identity for feature stacks; run `pulumi up` "
                "of the stack that has the target"
            ]
        )
    owner = pulumi.get_stack()
    if section.features and owner == PRODUCTION:
        raise SettingsError(
            [f"boutique:environment.features: stack {owner!r} is production, which never has features; remove this key"]
        )
    if missing := list(unknown_secrets(section, secrets)):
        raise SettingsError(missing)
    services = deployed(section, release, secrets)
    now = datetime.now(UTC)
    colours = {
        each.workload.name: Colours.of(each, (before or {}).get(each.workload.name), now, is_first=before is None)
        for each in services
        if each.strategy == BLUE_GREEN
    }
    table = _table(section, place.entrance, owner) if place.entrance else Table()
    allowed = _allowed(table, place, place.entrance, owner) if place.entrance else place.kubeconfig
    deployer = provider("deployer", kubeconfig=allowed)
    opts = pulumi.ResourceOptions(providers=[deployer])
    later = pulumi.ResourceOptions(providers=[deployer], depends_on=way_back.taken)
    address: pulumi.Output[str | None] = pulumi.Output.from_input(None)
    reached: list[pulumi.Resource] = []
    ready: dict[str, pulumi.Output[int]] = {}
    built: dict[str, Microservice] = {}
    for service in services:
        name = service.workload.name
        if service.workload.store:
            store = Store(
                name, StoreArgs(deployed=service, namespace=place.namespace, kubeconfig=allowed, owner=owner), later
            )
            ready[name] = store.ready
            continue
        callees = [built[each.name].updated for each in service.workload.calls.values() if each.name in built]
        args = MicroserviceArgs(
            deployed=service,
            colours=colours.get(name),
            namespace=place.namespace,
            kubeconfig=allowed,
            after=callees if section.order == CALLEES_FIRST else (),
            owner=owner,
        )
        # Who waits for its callees waits for what waits for the way back.
        goes_back = name in colours and colours[name].is_back and section.order != CALLEES_FIRST
        microservice = Microservice(name, args, opts if goes_back else later)
        if goes_back:
            way_back.add(microservice.switched)
        built[name] = microservice
        reached.append(microservice)
        ready[name] = microservice.ready
        if service.workload is catalogue.ENTRY:
            address = microservice.external_address
    pulumi.export("namespace", place.namespace)
    inside = pulumi.Output.all(address, place.namespace).apply(lambda known: _url(*known))
    pulumi.export("url", _routed(table, place, place.entrance, reached, opts) if place.entrance else inside)
    pulumi.export("routes", routeview.described(table, place.entrance) if place.entrance else {})
    pulumi.export(ENVIRONMENT, pulumi.Output.secret(environment_facts(section, secrets, place)))
    pulumi.export("channel", place.channel.model_dump(by_alias=True) if place.channel else None)
    pulumi.export(
        "services",
        {name: _said(each, colours.get(name), ready[name]) for each in services for name in (each.workload.name,)},
    )
    known = json.dumps({name: each.remember() for name, each in colours.items()})
    # Only an update that came to its end may say where requests go now.
    ended = pulumi.Output.all(*(built[name].switched for name in colours))
    # As text: the engine keeps no order, and that of variables is one of the things that pods are made from.
    pulumi.export(COLOURS, pulumi.Output.secret(ended.apply(lambda _: known)))


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


def _allowed(table: Table, place: Place, entrance: Entrance, owner: str) -> pulumi.Output[str]:
    """Return the deployer's kubeconfig, unless somebody routes in the other API what the environment routes.

    Everything of the environment is made with it, so nothing is before that is known. A kubeconfig of this very stack
    is known once its target is there: in a preview if nothing of the target changes, else in the update.

    Raises:
        SettingsError: Somebody does, and another stack has told the kubeconfig; else `pulumi.RunError` ends the program
            as soon as it is known.
        KubeconfigError: That other stack's API server does not answer, or refuses the token.
    """
    told, api = place.told, entrance.routing
    said = (
        f"boutique:cluster.name: {told.stack!r}: routing.api {api!r}"
        if told
        else f"boutique:platform.routing.api: {api!r}"
    )
    claim = Claim.of(table, entrance, stack=owner, said=said, previews=True)
    if told:
        if mistakes := foreignroutes.found(told.kubeconfig, told.namespace, claim):
            raise SettingsError(mistakes)
        return place.kubeconfig

    def allowed(content: str, namespace: str) -> str:
        try:
            mistakes = foreignroutes.found(content, namespace, claim)
        except KubeconfigError as error:
            # The token or its rights may be a moment old, or of a cluster that is gone. Whoever may not even read there
            # changes nothing either.
            pulumi.log.debug(f"routes of others were not looked for: {error}")
            return content
        if mistakes:
            raise pulumi.RunError(str(SettingsError(mistakes)))
        return content

    return pulumi.Output.all(place.kubeconfig, place.namespace).apply(lambda known: allowed(*known))


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


def _said(
    service: Deployed, colours: Colours | None, ready: pulumi.Output[int]
) -> dict[str, pulumi.Input[str | int | None]]:
    warm = colours.warm if colours else None
    return {
        "image": str(service.image),
        "deployment": (colours.live if colours else service).name,
        **({"warm": f"{warm.name}: {warm.image.version}"} if warm else {}),
        "version": service.image.version,
        "replicas": service.replicas,
        "ready": ready,
    }


def _url(address: str | None, namespace: str) -> str:
    entry = catalogue.ENTRY
    port = entry.service.number if entry.service else 80
    return f"http://{address}" if address else f"kubectl -n {namespace} port-forward svc/{entry.name} 8080:{port}"
