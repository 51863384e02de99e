"""Manifests of an application as people write them by hand: no more than its pods need to run in the mesh."""

from typing import Any

import yaml

from boutique.application.application import Application
from boutique.application.workload import Workload


def manifests(application: Application, namespace: str) -> str:
    """Return the objects of an application as YAML."""
    objects = [item for workload in application.workloads for item in _objects(workload, application.name, namespace)]
    return yaml.safe_dump_all(objects)


def _objects(workload: Workload, application: str, namespace: str) -> list[dict[str, Any]]:
    name = workload.name
    labels = {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": application}
    metadata = {"name": name, "namespace": namespace}
    pod = {
        "metadata": {"labels": {**labels, "app.kubernetes.io/version": "1.0.0"}},
        "spec": {"serviceAccountName": name, "containers": [_container(workload)]},
    }
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": pod},
        },
    ]
    if ports := [_service_port(port) for port in workload.service_ports]:
        spec = {"selector": {"app": name}, "ports": ports}
        objects.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    return objects


def _container(workload: Workload) -> dict[str, Any]:
    variables = [
        {"name": name, **({"value": value.value} if value.value is not None else {"valueFrom": value.source})}
        for name, value in workload.env.items()
    ]
    container: dict[str, Any] = {
        "name": workload.container_name,
        "image": str(workload.image),
        "env": variables + [{"name": name, "value": value} for name, value in workload.addresses().items()],
        "ports": [
            {
                "containerPort": port.container_port,
                "protocol": port.protocol,
                **({"name": port.container_port_name} if port.container_port_name else {}),
            }
            for port in workload.ports
        ],
    }
    for key in ("readiness_probe", "liveness_probe", "startup_probe"):
        if probe := getattr(workload, key):
            alias = str(type(workload).model_fields[key].alias)
            container[alias] = probe.model_dump(mode="json", by_alias=True, exclude_none=True)
    return container


def _service_port(port: Any) -> dict[str, Any]:
    described = {"name": port.name, "port": port.port, "targetPort": port.container_port, "protocol": port.protocol}
    return {**described, **({"appProtocol": port.app_protocol} if port.app_protocol else {})}
