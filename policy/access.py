"""Rules for rights, on the cluster and in the cloud."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.graph import PolicyResource, as_list

_READING = ("Describe", "Get", "List")


def rbac_wildcards(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """A wildcard grants what does not exist yet: every verb, kind or group that is added later."""
    if resource.kind not in ("Role", "ClusterRole") or not resource.type.startswith("kubernetes:rbac"):
        return
    for number, rule in enumerate(resource.inputs.get("rules") or []):
        for field in ("apiGroups", "resources", "verbs"):
            if any("*" in value for value in rule.get(field) or []):
                yield f"rules.{number}.{field} has a wildcard; list what is needed"


def iam_actions(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """An action such as `ec2:*` grants every action that AWS adds to the service later."""
    for number, statement in _allow_statements(resource):
        for action in as_list(statement.get("Action")):
            if action.rpartition(":")[2] == "*":
                yield f"statement {number} allows {action}; list the actions"


def iam_resources(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """What may change things should name which; reading, and what a condition narrows down, need not."""
    for number, statement in _allow_statements(resource):
        changing = [
            action for action in as_list(statement.get("Action")) if not action.rpartition(":")[2].startswith(_READING)
        ]
        if changing and "*" in as_list(statement.get("Resource")) and not statement.get("Condition"):
            yield f"statement {number} allows {changing[0]} on everything; name the resources, or a condition"


def _allow_statements(resource: PolicyResource) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the statements of an IAM policy that allow something."""
    if not resource.type.startswith("aws:iam/"):
        return
    for field in ("policy", "inlinePolicy"):
        try:
            document = json.loads(resource.inputs.get(field) or "{}")
        except (TypeError, ValueError):
            # Not known before the update.
            continue
        for number, statement in enumerate(as_list(document.get("Statement"))):
            if statement.get("Effect") == "Allow":
                yield number, statement
