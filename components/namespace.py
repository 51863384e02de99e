"""Namespaces, which Pulumi does not wait for without end when they are deleted."""

from collections.abc import Mapping

import pulumi

from boutique.names.labels import Owner
from components.kubernetes_object import KubernetesObject
from components.metadata import cluster_metadata


def namespace(
    name: str,
    object_name: str,
    *,
    labels: Mapping[str, str],
    deletion_seconds: int,
    owner: Owner,
    opts: pulumi.ResourceOptions,
) -> KubernetesObject:
    """Create a Namespace.

    A broken APIService, or an object with a finalizer that nothing removes, keeps a namespace that is deleted; the
    provider would wait ten minutes for it.

    Args:
        name: Its logical name.
        object_name: Its name in the cluster.
        labels: Beside the usual ones.
        deletion_seconds: How long to wait for its end.
        owner: The stack that owns it.
        opts: Of the resource.
    """
    timeouts = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete=f"{deletion_seconds}s"))
    merged = pulumi.ResourceOptions.merge(opts, timeouts)
    described = cluster_metadata(object_name, owner=owner, labels=labels)
    return KubernetesObject(name, "v1", "Namespace", merged, metadata=described)
