"""The connection to a cluster."""

import pulumi
import pulumi_kubernetes as kubernetes


def provider(
    name: str, *, identifier: str, kubeconfig: pulumi.Input[str] | None = None, context: str | None = None
) -> kubernetes.Provider:
    """Create the provider for a cluster.

    Args:
        name: Of the provider in the stack.
        identifier: Of the cluster; while it stays the same, a kubeconfig that changes or is not known yet replaces no
            object.
        kubeconfig: Its content or its path; None looks in the usual places.
        context: None takes the kubeconfig's own.
    """
    return kubernetes.Provider(
        name,
        # Without any the SDK would copy the path in $KUBECONFIG into the state.
        kubeconfig=kubeconfig or "",
        context=context,
        cluster_identifier=identifier,
        # A renewed Secret or ConfigMap is changed in place instead of deleted and created.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
