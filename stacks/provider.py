"""The connection to a cluster."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

UPSERT: Mapping[str, Any] = (
    {"upsert_existing_objects": True} if hasattr(kubernetes.ProviderArgs, "upsert_existing_objects") else {}
)
"""Creating an object that exists updates it (docs/adr/0015): from 4.29.0 on only with this, before that always."""


def provider(
    name: str, *, kubeconfig: pulumi.Input[str] | None = None, context: str | None = None
) -> kubernetes.Provider:
    """Create the provider for a cluster.

    Args:
        name: Of the provider in the stack.
        kubeconfig: Its content or its path; None looks in the usual places.
        context: None takes the kubeconfig's own.
    """
    return kubernetes.Provider(
        name,
        # Without any the SDK would copy the path in $KUBECONFIG into the state.
        kubeconfig=kubeconfig or "",
        context=context,
        # A stack has one cluster for life. Anything that could move (a context's name, a server's address, a kubeconfig
        # that is not known yet) would plan to replace every object, which deletes it after it was created over itself.
        cluster_identifier=f"{pulumi.get_project()}/{pulumi.get_stack()}",
        # A renewed Secret or ConfigMap is changed in place instead of deleted and created.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
        # Said here so that no variable of the environment can switch it off: it tells who has set a field.
        enable_server_side_apply=True,
        **UPSERT,
    )
