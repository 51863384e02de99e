"""The variables by which programs find Services without DNS: those of a kubelet.

Upstream: https://github.com/kubernetes/kubernetes, pkg/kubelet/envvars/envvars.go.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lab.supervision import network

_KUBERNETES = {
    "metadata": {"name": "kubernetes", "namespace": "default"},
    "spec": {
        "clusterIP": network.KUBERNETES_SERVICE,
        "ports": [{"name": "https", "port": 443, "protocol": "TCP"}],
    },
}


def service_variables(pod: Mapping[str, Any], services: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the variables of the Services of a pod's namespace, unless it wants none, and of the API server's.

    Args:
        pod: The pod.
        services: The Services of the cluster.
    """
    variables = _variables(_KUBERNETES)
    if pod["spec"].get("enableServiceLinks") is False:
        return variables
    for service in services:
        is_near = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
        if is_near and service["spec"].get("clusterIP", "None") not in ("", "None"):
            variables |= _variables(service)
    return variables


def _variables(service: Mapping[str, Any]) -> dict[str, str]:
    prefix, address = _upper(service["metadata"]["name"]), service["spec"]["clusterIP"]
    ports = service["spec"].get("ports") or []
    variables = {f"{prefix}_SERVICE_HOST": address}
    for index, port in enumerate(ports):
        number, protocol = str(port["port"]), port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{address}:{number}"
        if index == 0:
            variables |= {f"{prefix}_SERVICE_PORT": number, f"{prefix}_PORT": url}
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{_upper(port['name'])}"] = number
        link = f"{prefix}_PORT_{number}_{protocol}"
        variables |= {link: url, f"{link}_PROTO": protocol.lower(), f"{link}_PORT": number, f"{link}_ADDR": address}
    return variables


def _upper(name: str) -> str:
    return name.upper().replace("-", "_")
