"""Everything that is in a cluster."""

import json
from typing import Any

from tests.support.lab.lab_commands import Lab

CHURN = {"Event", "Lease", "ComponentStatus"}
"""What comes and goes by itself."""


def list_all_objects(lab: Lab) -> list[dict[str, Any]]:
    """Return every object of every kind that can be listed."""
    kinds = lab.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    output = lab.kubectl("get", ",".join(kinds), "-A", "--show-managed-fields", "-o", "json")
    objects: list[dict[str, Any]] = json.loads(output)["items"]
    return [resource for resource in objects if resource["kind"] not in CHURN]


def name(resource: dict[str, Any]) -> tuple[str, str, str]:
    return resource["kind"], resource["metadata"].get("namespace", ""), resource["metadata"]["name"]


def names(lab: Lab) -> set[tuple[str, str, str]]:
    return {name(resource) for resource in list_all_objects(lab)}


def writers(resource: dict[str, Any]) -> set[str]:
    """Return who owns fields of an object."""
    return {entry["manager"] for entry in resource["metadata"].get("managedFields", [])}


def deployments(lab: Lab, namespace: str) -> dict[str, dict[str, Any]]:
    items = json.loads(lab.kubectl("get", "deployments", "-n", namespace, "-o", "json"))["items"]
    return {item["metadata"]["name"]: item for item in items}


def is_available(deployment: dict[str, Any]) -> bool:
    """Say whether all replicas of the current generation serve, and none of an older one is left."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas") == status.get("updatedReplicas") == status.get("replicas") == wanted
    )
