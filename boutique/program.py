"""The program that every stack runs: from the configuration to components, layer by layer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from boutique import configuration
from boutique.certificates.errors import CertificateError
from boutique.configuration import Secrets
from boutique.eks.account import AwsError
from boutique.eks.settings import EksCluster
from boutique.gatewayapi import GatewayApiError
from boutique.kubeconfig import KubeconfigError
from boutique.mistakes import SettingsError
from boutique.settings import ExistingCluster, Settings, StackCluster
from boutique.targets import target_name
from components.place import Place
from components.references import place_of
from components.stacks import full_name
from components.wayback import WayBack

if TYPE_CHECKING:
    from boutique.layers.environment_history import EnvironmentHistory


def main() -> None:
    """Build the stack that Pulumi was asked for; a mistake in its configuration ends it before anything is created."""
    try:
        build(*configuration.read())
    except (SettingsError, KubeconfigError, GatewayApiError, CertificateError, AwsError) as mistake:
        raise pulumi.RunError(str(mistake)) from None


def build(settings: Settings, secrets: Secrets) -> None:
    """Build the layers whose sections are present.

    Each is imported where it is built: its resources take a while to load, and no stack has all of them.
    """
    if settings.feature:
        from boutique.layers import feature

        feature.build(settings.feature)
    with WayBack() as way_back:
        places: Mapping[str, Place] = {}
        environment = settings.environment
        target = target_name(settings.cluster, settings.platform, environment) if environment else ""
        history: EnvironmentHistory | None = None
        if isinstance(settings.cluster, StackCluster):
            places = {settings.cluster.target: place_of(settings.cluster)}
        if environment:
            from boutique.layers import environment_quota

            history = environment_quota.prepare(settings, secrets.services, target, places.get(target))
        if isinstance(settings.cluster, ExistingCluster | EksCluster) and settings.platform:
            from boutique.layers import cluster, platform

            reached = cluster.connect(settings.cluster, settings.platform, settings.environment)
            places = platform.build(settings.platform, reached, secrets, way_back)
        if environment and history:
            from boutique.layers import environment as layer

            layer.build(environment, settings.release, secrets.services, target, places[target], history, way_back)
            # Whoever holds the stack finds the deployer's kubeconfig there, among that stack's secret `targets`.
            holder = settings.cluster.name if isinstance(settings.cluster, StackCluster) else pulumi.get_stack()
            pulumi.export("target", {"stack": full_name(holder), "name": target})
