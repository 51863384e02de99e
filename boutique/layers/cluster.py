"""The cluster that a platform is built on."""

import os

import pulumi

from boutique import cluster_admin, cluster_checks, kubeconfig, reach
from boutique.eks.settings import EksCluster
from boutique.settings import Environment, ExistingCluster, Platform
from components.connection import Connection
from components.provider import provider


def connect(settings: ExistingCluster | EksCluster, platform: Platform, environment: Environment | None) -> Connection:
    """Return how the cluster's admin reaches it, and build it if it is this stack's own.

    Args:
        settings: The cluster.
        platform: What will be built on it.
        environment: The environment of the same stack, if it has one.

    Raises:
        KubeconfigError: A cluster that is there is not found, or does not answer.
        SettingsError: What would be built belongs to others.
    """
    if isinstance(settings, EksCluster):
        # Only here: no other stack has need of Pulumi's packages for AWS, and many do not have them.
        from boutique.layers import eks

        return eks.connect(settings, platform, environment)
    files = kubeconfig.files(settings.kubeconfig, os.environ)
    api_server = kubeconfig.find(settings.context, files)
    reach.check(api_server, f"context {settings.context!r}")
    admin = cluster_admin.from_files(api_server, settings.context, files)
    home = cluster_checks.home_of(platform, environment)
    if warning := cluster_checks.check(admin, platform, environment, home, pulumi.get_stack()):
        pulumi.log.warn(warning)
    return Connection(
        provider=provider("cluster", kubeconfig=settings.kubeconfig, context=settings.context),
        api_server=pulumi.Output.from_input(api_server),
    )
