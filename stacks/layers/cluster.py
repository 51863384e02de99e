"""The cluster that a platform is built on."""

import os

import pulumi

from boutique.application.application import Application
from boutique.checks import cluster
from boutique.helm.releases import platform_releases
from boutique.kubernetes import client, kubeconfig
from boutique.settings.eks_settings import EksCluster
from boutique.settings.stack import Environment, ExistingCluster, Platform
from boutique.targets import deployer_access
from stacks.cluster_access import ClusterAccess
from stacks.helm_recovery import recover_releases
from stacks.provider import provider


def connect(
    settings: ExistingCluster | EksCluster,
    platform: Platform,
    environment: Environment | None,
    application: Application,
) -> ClusterAccess:
    """Return how the cluster's admin reaches it, and build it if it is this stack's own.

    Args:
        settings: The cluster.
        platform: What will be built on it.
        environment: The environment of the same stack, if it has one.
        application: What the environment runs.

    Raises:
        KubeconfigError: An existing cluster is not in the kubeconfig or does not answer, has an address with a password
            in it, or has a Helm release of others under the name of one of the platform's.
        SettingsError: What would be built belongs to others.
    """
    if isinstance(settings, EksCluster):
        # Only here: no other stack has need of Pulumi's packages for AWS, and many do not have them.
        from stacks.layers import eks_cluster

        return eks_cluster.connect(settings, platform, environment, application)
    paths = kubeconfig.files(settings.kubeconfig, os.environ)
    api_server = kubeconfig.find(settings.context, paths)
    client.ensure_reachable(api_server, f"context {settings.context!r}")
    deployers = deployer_access.for_deployers(api_server, settings.deployers)
    for line in deployer_access.warnings(deployers, settings.context):
        pulumi.log.warn(line)
    admin = client.for_context(settings.context, api_server, paths)
    home = cluster.home_of(platform, environment)
    if warning := cluster.check(admin, application, platform, environment, home, pulumi.get_stack()):
        pulumi.log.warn(warning)
    descriptions = recover_releases(admin, platform_releases(platform))
    return ClusterAccess(
        provider=provider("cluster", kubeconfig=settings.kubeconfig, context=settings.context),
        api_server=pulumi.Output.from_input(api_server),
        deployers=pulumi.Output.from_input(deployers),
        descriptions=pulumi.Output.from_input(descriptions),
    )
