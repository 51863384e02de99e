"""The platform: what environments on one cluster share."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from boutique.admission import channel, feature_policies, isolation, owner_policies
from boutique.checks.load import StackSettings
from boutique.mesh import gateway, policies
from boutique.mesh.gateway_hosts import claims
from boutique.names import labels
from boutique.names.labels import Owner
from boutique.outputs import PlatformOutputs
from boutique.routing.endpoint import GatewayEndpoint
from boutique.settings.mesh_settings import takes_strangers
from boutique.settings.stack import Platform
from boutique.targets import quota
from boutique.targets.target_names import lets_features_in, namespace
from components.admission import Admission, AdmissionArgs
from components.deployers import Deployers, DeployersArgs
from components.ingress import Ingress, IngressArgs
from components.mesh import Mesh, MeshArgs
from components.metadata import ObjectScope
from components.policies import Policies, PoliciesArgs
from components.target import Target, TargetArgs
from components.unavailable_apis import warn_of_unavailable_apis
from stacks.cluster_access import ClusterAccess
from stacks.configuration import Secrets
from stacks.stack_outputs import export
from stacks.target_access import TargetAccess


def build(
    section: Platform, settings: StackSettings, cluster: ClusterAccess, secrets: Secrets
) -> Mapping[str, TargetAccess]:
    """Build what environments share, with the rights of the cluster's admin, and return the access to each target.

    Mesh and targets come first: an environment of the same stack cannot do without them.
    """
    owner = Owner(stack=pulumi.get_stack(), application=settings.application.name)
    applications = settings.target_applications
    owners = {name: replace(owner, application=application.name) for name, application in applications.items()}
    opts = pulumi.ResourceOptions(providers=[cluster.provider])
    deletion_seconds = section.namespace_deletion_seconds
    deployers = Deployers("deployers", DeployersArgs(deletion_seconds=deletion_seconds, owner=owner), opts)
    mesh = (
        Mesh(
            "mesh",
            MeshArgs(
                settings=section.mesh,
                after=cluster.pods,
                descriptions=cluster.descriptions,
                cluster_domain=section.dns.domain,
                deletion_seconds=deletion_seconds,
                owner=owner,
            ),
            opts,
        )
        if section.mesh
        else None
    )
    targets = {
        name: Target(
            name,
            TargetArgs(
                namespace=namespace(section, name),
                labels=labels.namespace(
                    applications[name].name,
                    meshed=section.mesh is not None,
                    node_agents=bool(section.mesh and section.mesh.cni),
                ),
                deletion_seconds=deletion_seconds,
                after=[mesh.control_plane] if mesh else cluster.pods,
                hard_limits=quota.hard_limits(applications[name].workloads, target.replicas),
                deployers=deployers.namespace,
                api_server=cluster.api_server,
                handed_on=cluster.deployers or cluster.api_server,
                owner=owners[name],
                registry_credentials=secrets.registry,
                protect=target.protect,
                features=lets_features_in(section, name),
            ),
            opts,
        )
        for name, target in section.targets.items()
    }
    # In a preview too, once there is a target. One is enough: they share the cluster.
    next(iter(targets.values())).kubeconfig.apply(warn_of_unavailable_apis)
    if section.mesh:
        for name, target in targets.items():
            edges = policies.table(applications[name])
            Policies(
                f"{name}-policies",
                PoliciesArgs(
                    authorization=policies.authorization(edges, namespace(section, name))
                    if section.mesh.policies.authorization
                    else {},
                    network=policies.network(edges, section.dns) if section.mesh.policies.network else {},
                    scope=ObjectScope(namespace=target.namespace, owner=owners[name]),
                ),
                opts,
            )
    hosts = {claim.target: claim.host for claim in claims(section)} if section.ingress else {}
    for name, target_settings in section.targets.items():
        rules = {
            "owners": owner_policies.rule(),
            "secrets": channel.secrets(applications[name].workloads),
            **isolation.rules(
                name,
                applications[name].workloads,
                namespace(section, name),
                cluster_domain=section.dns.domain,
                external=takes_strangers(section.mesh),
            ),
        }
        if target_settings.channel:
            rules["channel"] = channel.channel(target_settings.channel, applications[name].workloads)
        if lets_features_in(section, name):
            rules |= feature_policies.rules(name, applications[name].entry, hosts.get(name))
        Admission(
            f"{name}-admission",
            AdmissionArgs(rules=rules, namespace=namespace(section, name), owner=owners[name]),
            opts,
        )
    front = _front(section, settings, mesh, cluster, secrets.certificate, opts) if mesh else None
    entrances = _entrances(section) if front else {}
    accesses = {
        name: TargetAccess(
            namespace=target.namespace,
            kubeconfig=target.kubeconfig,
            handed_on=target.handed_on,
            features=target.features,
            entrance=entrances.get(name),
            channel=section.targets[name].channel,
            meshed=section.mesh is not None,
            application=applications[name].name,
            serving=[front] if front else [],
        )
        for name, target in targets.items()
    }
    targets_output = pulumi.Output.all(**{name: access.output() for name, access in accesses.items()}).apply(
        lambda outputs: {name: output.dump() for name, output in outputs.items()}
    )
    export(
        PlatformOutputs,
        targets=pulumi.Output.secret(targets_output),
        certificate=front.certificate if front else None,
    )
    return accesses


def _front(
    section: Platform,
    settings: StackSettings,
    mesh: Mesh,
    cluster: ClusterAccess,
    secrets: Mapping[str, pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
) -> Ingress | None:
    """Build the gateway, if there is one."""
    if section.ingress is None or section.mesh is None:
        return None
    claimed = claims(section)
    entries = {claim.namespace: settings.target_applications[claim.target].entry_workload for claim in claimed}
    return Ingress(
        "ingress",
        IngressArgs(
            settings=section.ingress,
            charts=section.mesh.charts,
            version=section.mesh.version,
            api=section.routing.api,
            claims=claimed,
            cluster_domain=section.dns.domain,
            network=policies.gateway(entries, section.dns) if section.mesh.policies.network else {},
            deletion_seconds=section.namespace_deletion_seconds,
            after=[mesh.control_plane, *mesh.definitions, *cluster.load_balancers],
            descriptions=cluster.descriptions,
            secrets=secrets,
            owner=Owner(stack=pulumi.get_stack(), application=settings.application.name),
        ),
        opts,
    )


def _entrances(section: Platform) -> Mapping[str, GatewayEndpoint]:
    """Return where people's requests come in for each target."""
    return {
        claim.target: GatewayEndpoint(
            routing=section.routing.api,
            host=claim.host,
            port=section.ingress.port if section.ingress else 443,
            namespace=gateway.NAMESPACE,
            gateway=gateway.NAME,
            listener=gateway.listener(claim.target),
            preview_listener=gateway.preview_listener(claim.target),
            cluster_domain=section.dns.domain,
        )
        for claim in claims(section)
    }
