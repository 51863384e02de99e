"""The Helm releases of a platform as data: what the program installs, and what killed updates leave unfinished."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boutique.eks import controller
from boutique.mesh import gateway, gateway_values, istio
from boutique.settings.ingress_settings import IngressSettings
from boutique.settings.mesh_settings import MeshSettings
from boutique.settings.stack import Platform

Descriptions = Mapping[str, str]
"""What the next revision of a release is described by, by the release's key; nothing for most."""


@dataclass(frozen=True, kw_only=True)
class HelmRelease:
    """A release that the program installs.

    Attributes:
        namespace: Where Helm keeps it.
        name: Of the release; fixed, since a reinstallation finds what the last one left only under the same name.
        chart: The chart's name.
        values: Of the chart.
        owns_namespace: Whether the namespace is the stack's too, whose name is in its annotation.
    """

    namespace: str
    name: str
    chart: str
    values: Mapping[str, Any]
    owns_namespace: bool = True

    @property
    def key(self) -> str:
        """Namespace and name, as Pulumi writes the resource's id."""
        return f"{self.namespace}/{self.name}"


def base() -> HelmRelease:
    """Return the release of Istio's custom resource definitions."""
    return HelmRelease(namespace=istio.NAMESPACE, name="istio-base", chart="base", values=istio.base_values())


def cni(mesh: MeshSettings) -> HelmRelease:
    """Return the release of the agents that redirect pods' traffic."""
    return HelmRelease(namespace=istio.NAMESPACE, name="istio-cni", chart="cni", values=istio.cni_values(mesh))


def istiod(mesh: MeshSettings, cluster_domain: str) -> HelmRelease:
    """Return the release of Istio's control plane, for a cluster with this DNS domain."""
    values = istio.istiod_values(mesh, cluster_domain)
    return HelmRelease(namespace=istio.NAMESPACE, name="istiod", chart="istiod", values=values)


def ingress_gateway(ingress: IngressSettings) -> HelmRelease:
    """Return the release of the gateway."""
    return HelmRelease(
        namespace=gateway.NAMESPACE, name=gateway.RELEASE, chart="gateway", values=gateway_values.values(ingress)
    )


def load_balancer_controller(values: Mapping[str, Any]) -> HelmRelease:
    """Return the release of the AWS Load Balancer Controller."""
    return HelmRelease(
        namespace=controller.NAMESPACE,
        name=controller.NAME,
        chart=controller.NAME,
        values=values,
        owns_namespace=False,
    )


def platform_releases(platform: Platform) -> tuple[HelmRelease, ...]:
    """Return the releases of a platform, in the order in which they are installed."""
    if platform.mesh is None:
        return ()
    return (
        base(),
        *([cni(platform.mesh)] if platform.mesh.cni else []),
        istiod(platform.mesh, platform.dns.domain),
        *([ingress_gateway(platform.ingress)] if platform.ingress else []),
    )
