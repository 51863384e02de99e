"""The program that every stack runs: from the configuration to components, layer by layer."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

from boutique import catalogue, gateway, kubeconfig, labels, policies, quota, reach, routes, routetable
from boutique.certificates import credentials
from boutique.deployed import deployed
from boutique.gatewayapi import GatewayApiError
from boutique.hosts import Claim, claims
from boutique.kubeconfig import KubeconfigError
from boutique.loading import SECRETS, load
from boutique.mistakes import SettingsError
from boutique.routing import Gateway
from boutique.settings import SECTIONS, Environment, ExistingCluster, Platform, Settings, StackCluster
from boutique.targets import namespace, target_name
from components.deployers import Deployers, DeployersArgs
from components.ingress import Ingress, IngressArgs
from components.mesh import Mesh, MeshArgs
from components.microservice import Microservice, MicroserviceArgs
from components.policies import Policies, PoliciesArgs
from components.provider import provider
from components.references import Entrance, Place, link, place_of
from components.routes import Routes, RoutesArgs
from components.store import Store, StoreArgs
from components.target import Target, TargetArgs


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The secrets of a stack; each is a top-level key of its own, so that none passes through settings."""

    registry: pulumi.Output[str] | None
    certificate: Mapping[str, pulumi.Output[str]]


def main() -> None:
    """Build the stack that Pulumi was asked for; a mistake in its configuration ends it before anything is created."""
    config = pulumi.Config()
    try:
        settings = load(*_values(config))
        registry = config.get_secret("registryCredentials") if config.get("registryCredentials") else None
        certificate = {key: config.require_secret(key) for key in credentials.KEYS if config.get(key)}
        build(settings, Credentials(registry=registry, certificate=certificate))
    except (SettingsError, KubeconfigError, GatewayApiError) as mistake:
        raise pulumi.RunError(str(mistake)) from None


def build(settings: Settings, given: Credentials) -> None:
    """Build the layers whose sections are present."""
    places: Mapping[str, Place] = {}
    if isinstance(settings.cluster, ExistingCluster) and settings.platform:
        places = platform(settings.platform, settings.cluster, given)
    if isinstance(settings.cluster, StackCluster):
        places = {settings.cluster.target: place_of(settings.cluster)}
    if settings.environment:
        target = target_name(settings.cluster, settings.platform, settings.environment)
        environment(settings.environment, places[target])


def platform(section: Platform, cluster: ExistingCluster, given: Credentials) -> Mapping[str, Place]:
    """Build what environments share, with the rights of the cluster's admin, and return a place for each."""
    owner = pulumi.get_stack()
    api_server = kubeconfig.find(cluster.context, kubeconfig.files(cluster.kubeconfig, os.environ))
    reach.check(api_server, f"context {cluster.context!r}")
    admin = provider("cluster", kubeconfig=cluster.kubeconfig, context=cluster.context)
    opts = pulumi.ResourceOptions(providers=[admin])
    deployers = Deployers("deployers", DeployersArgs(owner=owner), opts)
    mesh = Mesh("mesh", MeshArgs(settings=section.mesh, owner=owner), opts) if section.mesh else None
    targets = {
        name: Target(
            name,
            TargetArgs(
                namespace=namespace(section, name),
                labels=labels.namespace(section.mesh),
                after=[mesh.control_plane] if mesh else [],
                hard_limits=quota.hard_limits(catalogue.WORKLOADS, target.replicas),
                deployers=deployers.namespace,
                api_server=api_server,
                owner=owner,
                registry_credentials=given.registry,
                protect=target.protect,
            ),
            opts,
        )
        for name, target in section.targets.items()
    }
    if section.mesh:
        edges = policies.table(catalogue.WORKLOADS, catalogue.ENTRY)
        for name, target in targets.items():
            Policies(
                f"{name}-policies",
                PoliciesArgs(
                    authorization=policies.authorization(edges, namespace(section, name))
                    if section.mesh.policies.authorization
                    else {},
                    network=policies.network(edges) if section.mesh.policies.network else {},
                    namespace=target.namespace,
                    owner=owner,
                ),
                opts,
            )
    entrances = ingress(section, mesh, given.certificate, opts) if mesh else {}
    places = {
        name: Place(namespace=target.namespace, kubeconfig=target.kubeconfig, entrance=entrances.get(name))
        for name, target in targets.items()
    }
    pulumi.export("targets", pulumi.Output.secret({name: place.facts() for name, place in places.items()}))
    return places


def ingress(
    section: Platform, mesh: Mesh, secrets: Mapping[str, pulumi.Output[str]], opts: pulumi.ResourceOptions
) -> Mapping[str, Entrance]:
    """Build the gateway, if there is one, and return where people's requests come in for each target."""
    if section.ingress is None or section.mesh is None:
        return {}
    claimed = claims(section)
    spaces = [claim.namespace for claim in claimed]
    built = Ingress(
        "ingress",
        IngressArgs(
            settings=section.ingress,
            charts=section.mesh.charts,
            version=section.mesh.version,
            api=section.routing.api,
            claims=claimed,
            network=policies.gateway(catalogue.ENTRY, spaces) if section.mesh.policies.network else {},
            after=[mesh.control_plane],
            secrets=secrets,
            owner=pulumi.get_stack(),
        ),
        opts,
    )
    return {claim.target: _entrance(section, claim, built.gateway) for claim in claimed}


def _entrance(section: Platform, claim: Claim, serving: pulumi.Output[str]) -> Entrance:
    port = section.ingress.port if section.ingress else 443
    return Entrance(
        routing=section.routing.api,
        host=pulumi.Output.from_input(claim.host),
        port=pulumi.Output.from_input(port),
        gateway=serving,
        listener=pulumi.Output.from_input(gateway.listener(claim.target)),
        preview_listener=pulumi.Output.from_input(gateway.preview_listener(claim.target)),
    )


def environment(section: Environment, place: Place) -> None:
    """Deploy the shop with the rights of the target's deployer, and say where it is."""
    deployer = provider("deployer", kubeconfig=place.kubeconfig)
    opts = pulumi.ResourceOptions(providers=[deployer])
    owner = pulumi.get_stack()
    services = deployed(section)
    address: pulumi.Output[str | None] = pulumi.Output.from_input(None)
    reached: list[pulumi.Resource] = []
    for service in services:
        name = service.workload.name
        if service.workload.store:
            Store(name, StoreArgs(deployed=service, namespace=place.namespace, owner=owner), opts)
            continue
        args = MicroserviceArgs(deployed=service, namespace=place.namespace, owner=owner)
        microservice = Microservice(name, args, opts)
        reached.append(microservice)
        if service.workload is catalogue.ENTRY:
            address = microservice.external_address
    pulumi.export("namespace", place.namespace)
    inside = pulumi.Output.all(address, place.namespace).apply(lambda known: _url(*known))
    pulumi.export("url", _routed(section, place, place.entrance, reached, opts) if place.entrance else inside)
    pulumi.export("images", {each.workload.name: str(each.image) for each in services})
    pulumi.export("versions", {each.workload.name: each.image.version for each in services})


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


def _values(config: pulumi.Config) -> tuple[dict[str, Any], list[str]]:
    """Return every key of the project's namespace, and what is wrong with how they are kept.

    Of a key that holds a secret only that it is there is told.
    """
    prefix = f"{pulumi.get_project()}:"
    values: dict[str, Any] = {}
    mistakes = []
    for key in sorted(key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix)):
        secret = pulumi.runtime.is_config_secret(prefix + key)
        values[key] = True if config.get(key) else None
        if key in SECRETS:
            if values[key] and not secret:
                mistakes.append(f"boutique:{key}: is in clear; set it again with `pulumi config set --secret {key}`")
        elif secret:
            values[key] = None
            mistakes.append(f"boutique:{key}: holds a secret; secrets are keys of their own: {', '.join(SECRETS)}")
        elif key in SECTIONS:
            try:
                values[key] = config.get_object(key)
            except pulumi.ConfigTypeError:
                values[key] = config.get(key)
    return values, mistakes


def _url(address: str | None, namespace: str) -> str:
    entry = catalogue.ENTRY
    port = entry.service.number if entry.service else 80
    return f"http://{address}" if address else f"kubectl -n {namespace} port-forward svc/{entry.name} 8080:{port}"
