"""The AWS Load Balancer Controller as it is installed.

Chart: https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/main/helm/aws-load-balancer-controller
"""

from typing import Any

NAMESPACE = "kube-system"
NAME = "aws-load-balancer-controller"
"""Of the chart, the release and the ServiceAccount."""


def values(*, cluster: str, region: str, replicas: int) -> dict[str, Any]:
    """Return the values of its chart, without `vpcId`.

    Pods do not reach the node's metadata, where it would look up where it is.
    """
    return {
        "clusterName": cluster,
        "region": region,
        "replicaCount": replicas,
        "serviceAccount": {"create": True, "name": NAME},
        # Else a webhook would see every new Service, and none could be made while the controller is away.
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "createIngressClassResource": False,
        "podDisruptionBudget": {"maxUnavailable": 1} if replicas > 1 else {},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    }
