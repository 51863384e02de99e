"""Istio on a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from boutique.helm import releases
from boutique.helm.releases import Descriptions
from boutique.mesh import gateway_api, istio
from boutique.names import labels
from boutique.names.labels import Owner
from boutique.settings.mesh_settings import GatewayApiPresent
from boutique.settings.mesh_settings import MeshSettings as Settings
from components.gateway_api import GatewayApi, GatewayApiArgs
from components.istio import peer_authentication
from components.metadata import ObjectScope, name_of
from components.namespace import namespace
from components.release import release


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """What a `Mesh` needs to know.

    Attributes:
        settings: Which Istio, and how it is set up.
        after: What has to be there before its pods are.
        descriptions: Those of its Helm releases; known once none of them is stuck.
        cluster_domain: The domain of the cluster's DNS.
        deletion_seconds: How long to wait for the end of its namespace.
        owner: The stack that owns the objects.
    """

    settings: Settings
    after: Sequence[pulumi.Resource] = ()
    descriptions: pulumi.Input[Descriptions] = field(default_factory=dict)
    cluster_domain: str
    deletion_seconds: int
    owner: Owner


class Mesh(pulumi.ComponentResource):
    """The Gateway API, Istio's definitions and its control plane, and mutual TLS between all pods that have a proxy.

    Attributes:
        control_plane: Ready to put proxies into new pods and to judge Istio's resources; what makes either is created
            after it, and deleted before it.
        definitions: Those of the Gateway API that this stack owns; its resources depend on them.
    """

    control_plane: pulumi.Resource
    definitions: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Mesh", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings

        self.definitions = []
        if not isinstance(settings.gateway_api, GatewayApiPresent):
            manifests = gateway_api.manifests(settings.gateway_api)
            self.definitions = [
                GatewayApi(
                    f"{name}-gateway-api",
                    GatewayApiArgs(manifests=manifests, owner=args.owner, take_over=settings.gateway_api.take_over),
                    child,
                )
            ]
        system = namespace(
            name,
            istio.NAMESPACE,
            labels=labels.control_plane(args.owner.application, node_agents=settings.cni),
            deletion_seconds=args.deletion_seconds,
            owner=args.owner,
            opts=child,
        )
        home = name_of(system.metadata)
        charts, version = settings.charts, settings.version
        descriptions = args.descriptions
        first = [*args.after, release(f"{name}-base", releases.base(), charts, version, home, descriptions, child)]
        if settings.cni:
            after = pulumi.ResourceOptions(parent=self, depends_on=[*first])
            first.append(release(f"{name}-cni", releases.cni(settings), charts, version, home, descriptions, after))
        after = pulumi.ResourceOptions(parent=self, depends_on=[*first])
        istiod = releases.istiod(settings, args.cluster_domain)
        self.control_plane = release(f"{name}-istiod", istiod, charts, version, home, descriptions, after)
        peer_authentication(
            name,
            "STRICT" if settings.policies.mtls == "strict" else "PERMISSIVE",
            ObjectScope(namespace=home, owner=args.owner),
            pulumi.ResourceOptions(parent=self, depends_on=[self.control_plane]),
        )
        self.register_outputs({})
