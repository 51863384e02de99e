"""Istio on a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import core, helm

from boutique import gatewayapi, istio, labels
from boutique.mesh import ChartFolder, GatewayApiPresent
from boutique.mesh import Mesh as Settings
from components.gateway_api import GatewayApi, GatewayApiArgs
from components.istio import peer_authentication
from components.metadata import metadata, name_of

_TIMEOUT_SECONDS = 300
_KEPT_REVISIONS = 10


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """What a `Mesh` needs to know.

    Attributes:
        settings: Which Istio, and how it is set up.
        owner: The stack that owns the objects.
    """

    settings: Settings
    owner: str


class Mesh(pulumi.ComponentResource):
    """The Gateway API, Istio's definitions and its control plane, and mutual TLS between all pods that have a proxy.

    Attributes:
        control_plane: Ready to put proxies into new pods and to judge Istio's resources; whoever makes either comes
            after it, and is gone before it.
    """

    control_plane: pulumi.Resource

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Mesh", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings

        first: list[pulumi.Resource] = []
        if not isinstance(settings.gateway_api, GatewayApiPresent):
            manifests = gatewayapi.manifests(settings.gateway_api)
            first.append(
                GatewayApi(f"{name}-gateway-api", GatewayApiArgs(manifests=manifests, owner=args.owner), child)
            )
        namespace = core.v1.Namespace(
            name,
            metadata=metadata(istio.NAMESPACE, owner=args.owner, labels=labels.control_plane(node_agents=settings.cni)),
            opts=child,
        )
        home = name_of(namespace.metadata)
        first.append(_release(f"{name}-base", "istio-base", "base", settings, istio.base_values(), home, child))
        if settings.cni:
            after = pulumi.ResourceOptions(parent=self, depends_on=first)
            first.append(_release(f"{name}-cni", "istio-cni", "cni", settings, istio.cni_values(settings), home, after))
        after = pulumi.ResourceOptions(parent=self, depends_on=first)
        self.control_plane = _release(
            f"{name}-istiod", "istiod", "istiod", settings, istio.istiod_values(settings), home, after
        )
        peer_authentication(
            name,
            "STRICT" if settings.policies.mtls == "strict" else "PERMISSIVE",
            home,
            args.owner,
            pulumi.ResourceOptions(parent=self, depends_on=[self.control_plane]),
        )
        self.register_outputs({})


def _release(
    name: str,
    called: str,
    chart: str,
    settings: Settings,
    values: Mapping[str, Any],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> helm.v3.Release:
    """Install a chart of Istio and wait until what it made is ready.

    Its name is fixed, since a reinstallation finds what the last one left (the definitions) only under the same name.
    """
    reference, repository = istio.chart(settings.charts, chart)
    return helm.v3.Release(
        name,
        name=called,
        namespace=namespace,
        chart=reference,
        repository_opts=helm.v3.RepositoryOptsArgs(repo=repository) if repository else None,
        version=None if isinstance(settings.charts, ChartFolder) else settings.version,
        values=values,
        max_history=_KEPT_REVISIONS,
        timeout=_TIMEOUT_SECONDS,
        opts=opts,
    )
