"""The ResourceQuotas and LimitRanges of a namespace, as the API server has them.

https://kubernetes.io/docs/concepts/policy/resource-quotas/, https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boutique.kubernetes import client, listing
from boutique.settings.quantities import api_amount

NAME = "environment"
"""The ResourceQuota that a target has."""

_SAME = {"cpu": "requests.cpu", "memory": "requests.memory"}
"""Other names of a resource in a ResourceQuota; a number of objects is written `services` or `count/services`."""

COUNTED = {
    "deployments.apps": listing.DEPLOYMENTS,
    "services": listing.SERVICES,
    "configmaps": listing.CONFIG_MAPS,
    "secrets": listing.SECRETS,
}
"""Objects that a quota may count, beside pods, by their resource."""

_SCOPES = {"NotTerminating", "NotBestEffort"}
"""Those that the pods of services are in: they have no deadline, and ask for CPU and memory."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A ResourceQuota that pods of services count against.

    Attributes:
        name: Of the object.
        hard: What it gives, by resource such as `limits.memory`.
    """

    name: str
    hard: Mapping[str, Decimal]

    @classmethod
    def of(cls, name: str, hard: Mapping[str, str]) -> "Quota":
        """Return a quota from the `hard` section of a ResourceQuota; of two names of one resource the less counts."""
        amounts: dict[str, Decimal] = {}
        for key, quantity in hard.items():
            resource, amount = _SAME.get(key, key.removeprefix("count/")), api_amount(quantity)
            amounts[resource] = min(amount, amounts.get(resource, amount))
        return cls(name=name, hard=amounts)


def quotas(content: str, namespace: str) -> tuple[Quota, ...]:
    """Return the quotas of a namespace that pods of services count against.

    Raises:
        KubeconfigError: See `listing.list_objects`.
    """
    objects = listing.list_objects(content, namespace, listing.RESOURCE_QUOTAS)
    return tuple(
        Quota.of(item["metadata"]["name"], item["spec"].get("hard", {})) for item in objects if _applies(item["spec"])
    )


def limits(content: str, namespace: str) -> tuple[Mapping[str, Any], ...]:
    """Return the items of all LimitRanges of a namespace.

    Raises:
        KubeconfigError: See `listing.list_objects`.
    """
    objects = listing.list_objects(content, namespace, listing.LIMIT_RANGES)
    return tuple(item for limit_range in objects for item in limit_range["spec"].get("limits", []))


def object_counts(
    content: str, namespace: str, quotas: Sequence[Quota], planned: Mapping[str, set[str]]
) -> Mapping[str, Decimal]:
    """Return how many objects there are with those that are planned, for each resource that a quota counts.

    An update deletes what it leaves out only at its end.

    Raises:
        KubeconfigError: See `listing.list_objects`.
    """
    counted = {name for quota in quotas for name in quota.hard}
    return {
        resource: Decimal(
            len(
                planned.get(resource, set())
                | {
                    item["metadata"]["name"]
                    for item in listing.list_objects(content, namespace, collection, accept=client.METADATA_LIST)
                }
            )
        )
        for resource, collection in COUNTED.items()
        if resource in counted
    }


def _applies(spec: Mapping[str, Any]) -> bool:
    if not set(spec.get("scopes") or ()) <= _SCOPES:
        return False
    expressions: Sequence[Mapping[str, Any]] = (spec.get("scopeSelector") or {}).get("matchExpressions", [])
    return all(
        expression["scopeName"] in _SCOPES
        if expression["operator"] == "Exists"
        else expression["scopeName"] not in _SCOPES and expression["operator"] in ("DoesNotExist", "NotIn")
        for expression in expressions
    )
