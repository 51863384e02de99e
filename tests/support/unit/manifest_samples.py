"""Kubernetes manifests for tests of the import: parts that most of them share."""

import json
from collections.abc import Mapping
from typing import Any

from boutique.application.manifests.application_import import ImportedApplication, ImportOptions, import_application
from boutique.application.manifests.manifest_reader import read_manifests

Manifest = dict[str, Any]


def workload(name: str = "web", *, kind: str = "Deployment", spec: Manifest | None = None, **pod: Any) -> Manifest:
    """Return a workload whose pods have the label `app`; further arguments are fields of its pods' spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container()], **pod}},
            **(spec or {}),
        },
    }


def container(**fields: Any) -> Manifest:
    """Return a container that serves on port 8080."""
    return {"name": "main", "image": "registry.example/web:1.2.3", "ports": [{"containerPort": 8080}], **fields}


def service(name: str = "web", *, port: Manifest | None = None, **spec: Any) -> Manifest:
    """Return a Service that selects the pods of the workload of its name."""
    ports = [port or {"name": "http", "port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def config_map(name: str, data: Mapping[str, str]) -> Manifest:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": dict(data)}


def as_list(*objects: Manifest) -> bytes:
    """Return objects as `kubectl get -o json` prints them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}).encode()


def imported(*objects: Manifest, **options: Any) -> ImportedApplication:
    """Return the application that objects describe."""
    manifests = read_manifests([("all.yaml", as_list(*objects))])
    return import_application(manifests, ImportOptions(**{"name": "mine", **options}))


def workload_of(*objects: Manifest, name: str = "web", **options: Any) -> Any:
    """Return one workload of the application that objects describe, as its file has it."""
    return imported(*objects, **{"entry": name, **options}).content["workloads"][name]
