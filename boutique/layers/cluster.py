"""The cluster that a platform is built on."""

import os

import pulumi

from boutique import deployer_access, kubeconfig, reach
from boutique.eks.settings import EksCluster
from boutique.settings import ExistingCluster, Platform
from components.connection import Connection
from components.provider import provider


def connect(settings: ExistingCluster | EksCluster, platform: Platform) -> Connection:
    """Return how the cluster's admin reaches it, and build it if it is this stack's own.

    Args:
        settings: The cluster.
        platform: What will be built on it.

    Raises:
        KubeconfigError: A cluster that is there is not found, does not answer, or has an address with a password in it.
    """
    if isinstance(settings, EksCluster):
        # Only here: no other stack has need of Pulumi's packages for AWS, and many do not have them.
        from boutique.layers import eks

        return eks.connect(settings, platform)
    api_server = kubeconfig.find(settings.context, kubeconfig.files(settings.kubeconfig, os.environ))
    reach.check(api_server, f"context {settings.context!r}")
    deployers = deployer_access.for_deployers(api_server, settings.deployers)
    for line in deployer_access.warnings(deployers, settings.context):
        pulumi.log.warn(line)
    return Connection(
        provider=provider("cluster", kubeconfig=settings.kubeconfig, context=settings.context),
        api_server=pulumi.Output.from_input(api_server),
        deployers=pulumi.Output.from_input(deployers),
    )
