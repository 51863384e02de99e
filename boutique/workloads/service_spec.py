"""The Service of a workload as plain data."""

from collections.abc import Mapping
from typing import Any

from boutique.application.workload import Workload


def service_spec(workload: Workload, selector: Mapping[str, str], kind: str = "ClusterIP") -> dict[str, Any]:
    """Return the `spec` of a Service in front of a workload; a field that is None is left out of the object.

    Args:
        workload: The workload.
        selector: What picks its pods.
        kind: The type of the Service.
    """
    return {
        "type": kind,
        "clusterIP": "None" if workload.headless and kind == "ClusterIP" else None,
        "selector": selector,
        "ports": [
            {
                "name": port.name,
                "port": port.port,
                "targetPort": port.container_port,
                "protocol": port.protocol if port.protocol != "TCP" else None,
                "appProtocol": port.app_protocol,
            }
            for port in workload.service_ports
        ],
    }
