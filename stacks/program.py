"""The program that every stack runs: from the configuration to components, layer by layer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from boutique.certificates.certificate_errors import CertificateError
from boutique.checks.load import StackSettings
from boutique.eks.account import AwsError
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.mesh.gateway_api import GatewayApiError
from boutique.outputs import SCHEMA_VERSION, VERSION, OutputsError
from boutique.settings.eks_settings import EksCluster
from boutique.settings.errors import SettingsError
from boutique.settings.stack import ExistingCluster, StackCluster
from boutique.targets.target_names import target_name
from stacks import configuration
from stacks.configuration import Secrets
from stacks.references import place_of
from stacks.target_access import TargetAccess

if TYPE_CHECKING:
    from stacks.layers.environment_history import EnvironmentHistory


def main() -> None:
    """Build the stack that Pulumi was asked for; an error in its configuration ends it before anything is created."""
    try:
        build(*configuration.read())
    except (SettingsError, OutputsError, KubeconfigError, GatewayApiError, CertificateError, AwsError) as error:
        raise pulumi.RunError(str(error)) from None


def build(settings: StackSettings, secrets: Secrets) -> None:
    """Build the layers whose sections are present.

    Each is imported where it is built: its resources take a while to load, and no stack has all of them.
    """
    if settings.feature:
        from stacks.layers import feature

        feature.build(settings.feature)
    places: Mapping[str, TargetAccess] = {}
    environment = settings.environment
    target = target_name(settings.cluster, settings.platform, environment) if environment else ""
    history: EnvironmentHistory | None = None
    if isinstance(settings.cluster, StackCluster):
        places = {settings.cluster.target: place_of(settings.cluster, settings.application.name)}
    if environment:
        from stacks.layers import environment_quota

        history = environment_quota.prepare(settings, secrets.services, target, places.get(target))
    if isinstance(settings.cluster, ExistingCluster | EksCluster) and settings.platform:
        from stacks.layers import cluster, platform

        reached = cluster.connect(settings.cluster, settings.platform, settings.environment, settings.application)
        places = platform.build(settings.platform, settings, reached, secrets)
    if environment and history:
        from stacks.layers import environment as layer

        layer.build(settings, environment, secrets.services, target, places[target], history)
    # Last, so that no program that was interrupted leaves it alone in the outputs.
    pulumi.export(VERSION, SCHEMA_VERSION)
