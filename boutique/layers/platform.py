"""The platform: what environments on one cluster share."""

import os
from collections.abc import Mapping

import pulumi

from boutique import catalogue, gateway, kubeconfig, labels, policies, quota, reach
from boutique.configuration import Secrets
from boutique.hosts import Claim, claims
from boutique.settings import ExistingCluster, Platform
from boutique.targets import namespace
from components.deployers import Deployers, DeployersArgs
from components.ingress import Ingress, IngressArgs
from components.mesh import Mesh, MeshArgs
from components.policies import Policies, PoliciesArgs
from components.provider import provider
from components.references import Entrance, Place
from components.target import Target, TargetArgs


def build(section: Platform, cluster: ExistingCluster, secrets: Secrets) -> Mapping[str, Place]:
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
                registry_credentials=secrets.registry,
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
    entrances = _gateway(section, mesh, secrets.certificate, opts) if mesh else {}
    places = {
        name: Place(
            stack=f"{pulumi.get_organization()}/{pulumi.get_project()}/{owner}",
            target=name,
            namespace=target.namespace,
            kubeconfig=target.kubeconfig,
            entrance=entrances.get(name),
        )
        for name, target in targets.items()
    }
    pulumi.export("targets", pulumi.Output.secret({name: place.facts() for name, place in places.items()}))
    return places


def _gateway(
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
    pulumi.export("certificate", built.certificate)
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
