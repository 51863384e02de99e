"""The gateway by which people's requests come into the mesh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from boutique.helm.releases import Descriptions, ingress_gateway
from boutique.mesh import gateway
from boutique.mesh.gateway_hosts import HostAssignment
from boutique.names import labels
from boutique.names.labels import Owner
from boutique.settings.certificate_settings import AcmCertificate, secret_name
from boutique.settings.ingress_settings import IngressSettings as Settings
from boutique.settings.ingress_settings import NetworkLoadBalancer, RoutingApi
from boutique.settings.mesh_settings import Charts
from components.certificate import Certificate, CertificateArgs
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata, name_of
from components.namespace import namespace
from components.policies import network_policy
from components.release import release


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What an `Ingress` needs to know.

    Attributes:
        settings: How the gateway is set up.
        charts: Where its chart comes from.
        version: Of the chart.
        api: What routes are written in.
        claims: Which hosts belong to which targets.
        cluster_domain: The domain of the cluster's DNS.
        network: The specs of the NetworkPolicies around the gateway by name.
        after: What has to be there before any gateway is: the mesh's control plane puts the proxy into it.
        descriptions: Those of its Helm release; known once that is not stuck.
        deletion_seconds: How long to wait for the end of its namespace.
        secrets: The values of `boutique.certificates.credentials.KEYS`, as far as they are set.
        owner: The stack that owns the objects.
    """

    settings: Settings
    charts: Charts
    version: str
    api: RoutingApi
    claims: Sequence[HostAssignment]
    cluster_domain: str
    network: Mapping[str, Mapping[str, Any]]
    after: Sequence[pulumi.Resource]
    descriptions: pulumi.Input[Descriptions]
    deletion_seconds: int
    secrets: Mapping[str, pulumi.Output[str]]
    owner: Owner


class Ingress(pulumi.ComponentResource):
    """A gateway that serves each target's host to routes of that target's namespace, by HTTPS only.

    Attributes:
        certificate: The public facts of the certificate; None for one that the program never sees.
    """

    certificate: pulumi.Output[Any]

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Ingress", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        nlb = isinstance(args.settings.load_balancer, NetworkLoadBalancer)
        gateway_namespace = namespace(
            name,
            gateway.NAMESPACE,
            labels=labels.gateway(args.owner.application, readiness_gate=nlb),
            deletion_seconds=args.deletion_seconds,
            owner=args.owner,
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
        )
        home = name_of(gateway_namespace.metadata)
        scope = ObjectScope(namespace=home, owner=args.owner)
        policies = [
            network_policy(f"{name}-{policy_name}", policy_name, spec, scope, child)
            for policy_name, spec in args.network.items()
        ]
        certificate = self._certificate(name, args, scope)
        self.certificate = certificate.facts if certificate else pulumi.Output.from_input(None)
        gateway_release = release(
            f"{name}-gateway",
            ingress_gateway(args.settings),
            args.charts,
            args.version,
            home,
            args.descriptions,
            pulumi.ResourceOptions(parent=self, depends_on=policies),
        )
        # A Gateway without its certificate could not serve. None waits for another: when the routing API changes, the
        # old ones go last, and no request is answered from the removal of the first of them to that of the last.
        before = [gateway_release, *([certificate] if certificate else [])]
        for manifest in gateway.objects(args.api, args.claims, _secret(args), args.settings.port, args.cluster_domain):
            KubernetesObject(
                name if manifest.name == gateway.NAME else f"{name}-{manifest.name}",
                manifest.version,
                manifest.kind,
                pulumi.ResourceOptions(parent=self, depends_on=before),
                metadata=metadata(manifest.name, scope, annotations=manifest.annotations),
                spec=manifest.spec,
            )
        self.register_outputs({"certificate": self.certificate})

    def _certificate(self, name: str, args: IngressArgs, scope: ObjectScope) -> Certificate | None:
        source = args.settings.certificate
        if isinstance(source, AcmCertificate):
            return None
        return Certificate(
            f"{name}-certificate",
            CertificateArgs(
                source=source,
                secrets=args.secrets,
                hosts=[host for claim in args.claims for host in (claim.host, claim.previews)],
                scope=scope,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def _secret(args: IngressArgs) -> str | None:
    source = args.settings.certificate
    return None if isinstance(source, AcmCertificate) else secret_name(source)
