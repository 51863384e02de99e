"""APIs that a cluster has registered and that nothing answers for, such as metrics whose server was removed.

The namespace controller looks through every kind of object before it ends a namespace, so one such API keeps every
namespace that is deleted (condition NamespaceDeletionDiscoveryFailure):
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
"""

from collections.abc import Iterator
from typing import Any

from boutique.kubernetes import client
from boutique.kubernetes.connection import TIMEOUT_SECONDS
from boutique.kubernetes.kubeconfig import KubeconfigError

# One answer about all APIs, which every identity may have: https://kubernetes.io/docs/concepts/overview/kubernetes-api/
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def unavailable(content: str) -> tuple[str, ...]:
    """Return the names of the APIServices that nothing answers for, such as `v1beta1.metrics.k8s.io`.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.

    Raises:
        KubeconfigError: The API server does not answer, refuses, or answers something else.
    """
    api = client.for_deployer(content)
    answer = api.request("GET", "/apis", accept=DISCOVERY, seconds=TIMEOUT_SECONDS)
    try:
        return tuple(_stale(answer))
    except (LookupError, TypeError, AttributeError):
        raise KubeconfigError(
            f"the API server {api.api_server.server} does not list its APIs with their state, as Kubernetes does from "
            "1.30 on"
        ) from None


def warnings(content: str) -> tuple[str, ...]:
    """Return a line for each API that has no server, or one that says why this is unknown.

    Args:
        content: See `unavailable`.
    """
    try:
        names = unavailable(content)
    except KubeconfigError as error:
        return (f"whether namespaces can be deleted is unknown: {error}",)
    return tuple(
        f"APIService {name} is registered and nothing answers for it: until that is repaired, no namespace that is "
        "deleted will end, and `pulumi destroy` of what has one fails; repair its Service, or run "
        f"`kubectl delete apiservice {name}`"
        for name in names
    )


def _stale(answer: dict[str, Any]) -> Iterator[str]:
    if answer["kind"] != "APIGroupDiscoveryList":
        raise TypeError
    for group in answer["items"]:
        for version in group["versions"]:
            # Written out only where it is not "Current" in some versions of Kubernetes.
            if version.get("freshness") == "Stale":
                yield f"{version['version']}.{group['metadata']['name']}"
