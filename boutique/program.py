"""The program that every stack runs: from the configuration to components, layer by layer."""

from collections.abc import Mapping
from typing import Any

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
    before: Mapping[str, Any] | None = None
    if settings.environment:
        from boutique.layers import environment

        before = environment.remembered(settings.environment)
    with WayBack() as way_back:
        places: Mapping[str, Place] = {}
        if isinstance(settings.cluster, ExistingCluster | EksCluster) and settings.platform:
            from boutique.layers import cluster, platform

            reached = cluster.connect(settings.cluster, settings.platform, settings.environment)
            places = platform.build(settings.platform, reached, secrets, way_back)
        if isinstance(settings.cluster, StackCluster):
            places = {settings.cluster.target: place_of(settings.cluster)}
        if settings.environment:
            target = target_name(settings.cluster, settings.platform, settings.environment)
            place = places[target]
            environment.build(settings.environment, settings.release, secrets.services, target, place, before, way_back)
            # Whoever holds the stack finds the deployer's kubeconfig there, among that stack's secret `targets`.
            holder = settings.cluster.name if isinstance(settings.cluster, StackCluster) else pulumi.get_stack()
            pulumi.export("target", {"stack": full_name(holder), "name": target})
