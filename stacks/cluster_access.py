"""A cluster as its admin reaches it, however it came to be."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from boutique.helm.releases import Descriptions
from boutique.kubernetes.kubeconfig import ApiServer


@dataclass(frozen=True, kw_only=True)
class ClusterAccess:
    """A cluster, and what in it has to be there before other things.

    Attributes:
        provider: With the rights of the cluster's admin.
        api_server: Where it is reached; known once the cluster is there.
        deployers: The same for deployers, whose kubeconfigs other stacks get; None where that is no different.
        pods: What has to be there before any pod is; nothing if the cluster was there before.
        descriptions: Those of the platform's Helm releases; known once none of them is stuck.
        load_balancers: What has to be there before any load balancer is, and outlive it.
    """

    provider: kubernetes.Provider
    api_server: pulumi.Output[ApiServer]
    descriptions: pulumi.Output[Descriptions]
    deployers: pulumi.Output[ApiServer] | None = None
    pods: Sequence[pulumi.Resource] = ()
    load_balancers: Sequence[pulumi.Resource] = ()
