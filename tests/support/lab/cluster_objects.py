"""Everything that is in a cluster."""

import json
from typing import Any

from tests.support.lab.lab_commands import Lab

CHURN = {"Event", "Lease", "ComponentStatus"}
"""What comes and goes by itself."""


def listed(lab: Lab) -> list[dict[str, Any]]:
    """Return every object of every kind that can be listed."""
    kinds = lab.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    said = lab.kubectl("get", ",".join(kinds), "-A", "--show-managed-fields", "-o", "json")
    objects: list[dict[str, Any]] = json.loads(said)["items"]
    return [each for each in objects if each["kind"] not in CHURN]


def name(each: dict[str, Any]) -> tuple[str, str, str]:
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


def names(lab: Lab) -> set[tuple[str, str, str]]:
    return {name(each) for each in listed(lab)}


def writers(each: dict[str, Any]) -> set[str]:
    """Return who owns fields of an object."""
    return {entry["manager"] for entry in each["metadata"].get("managedFields", [])}


def deployments(lab: Lab, namespace: str) -> dict[str, dict[str, Any]]:
    found = json.loads(lab.kubectl("get", "deployments", "-n", namespace, "-o", "json"))["items"]
    return {each["metadata"]["name"]: each for each in found}


def is_available(deployment: dict[str, Any]) -> bool:
    """Say whether all replicas of the current generation serve, and none of an older one is left."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas") == status.get("updatedReplicas") == status.get("replicas") == wanted
    )
