"""Says before anything is deleted what would keep a namespace: `pulumi destroy` itself does not run the program."""

import pulumi

from boutique.kubernetes import api_groups


def warn_of_unavailable_apis(content: str) -> None:
    """Warn of each API of a cluster that nothing answers for.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
    """
    for line in api_groups.warnings(content):
        pulumi.log.warn(line)
