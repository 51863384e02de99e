"""Which of a pod's containers is the workload's own."""

from collections.abc import Mapping
from typing import Any

from boutique.application.manifests.port_import import target_port
from boutique.application.manifests.service_pairs import ServicePair

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""The annotation that names it."""


def main_container(containers: list[dict[str, Any]], metadata: Mapping[str, Any], pair: ServicePair) -> Any:  # noqa: ANN401
    """Return the container that is the workload's own: the one behind the Service, else the first."""
    wanted = (metadata.get("annotations") or {}).get(_DEFAULT_CONTAINER)
    service = pair.service
    for container in containers:
        own = container.get("ports") or []
        for port in (service.spec.get("ports") or [])[:1] if service and not wanted else []:
            if target_port(port, own) in {each.get("containerPort") for each in own}:
                return container
    return next((container for container in containers if container.get("name") == wanted), containers[0])
