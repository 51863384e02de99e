"""What the pods of Deployments take from a namespace's ResourceQuota, at most, while an update replaces them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from boutique.settings.quantities import api_amount
from boutique.settings.rollout import RECREATE
from boutique.targets.quota import DEFAULT_LIMITS, DEFAULT_REQUESTS, PROXY_LIMITS, PROXY_REQUESTS
from boutique.workloads.resolved_workload import ResolvedWorkload

Amounts = Mapping[str, Decimal]
"""Cores, bytes and objects, by the resource's name in a ResourceQuota, such as `limits.memory`."""

Template = tuple[str, frozenset[tuple[str, str]]]
"""The image and the plain environment variables of a pod's own container."""


@dataclass(frozen=True, kw_only=True)
class PodSet:
    """The pods of one Deployment.

    Attributes:
        replicas: How many there are.
        surge: How many may be there on top during a rolling update.
        one: What each takes, its proxy included.
        template: What they are made from.
    """

    replicas: int
    surge: int = 0
    one: Amounts
    template: Template

    def is_made_like(self, other: "PodSet") -> bool:
        """Say whether pods of another set need not be replaced to be these."""
        return self.template == other.template and self.one == other.one


def pod_set(deployed: ResolvedWorkload, *, meshed: bool) -> PodSet:
    """Return the pods of a workload as it is configured."""
    resources = {"requests": deployed.requests.amounts(), "limits": deployed.limits.amounts()}
    return PodSet(
        replicas=deployed.replicas,
        surge=_surge(deployed),
        one=_one(resources, meshed=meshed),
        template=(str(deployed.image), frozenset(deployed.variables.items())),
    )


def deployed_pod_set(deployment: Mapping[str, Any], *, meshed: bool) -> PodSet:
    """Return the pods of a Deployment as the API server has it."""
    spec = deployment["spec"]
    [container, *others] = spec["template"]["spec"]["containers"]
    # The API server leaves out an empty value.
    variables = {
        variable["name"]: variable.get("value", "")
        for variable in container.get("env", [])
        if "valueFrom" not in variable
    }
    beside = [(_one(_with_defaults(other), meshed=False), 1) for other in others]
    return PodSet(
        replicas=spec.get("replicas", 1),
        one={**_sum((_one(_with_defaults(container), meshed=meshed), 1), *beside), "pods": Decimal(1)},
        template=(container.get("image", ""), frozenset(variables.items())),
    )


def peak(old: PodSet | None, new: PodSet | None) -> Amounts:
    """Return the most that one Deployment takes while an update turns its old pods into the new ones.

    An update deletes what it leaves out only at its end, so that old pods without new ones count in full.
    """
    if old is None or new is None:
        single = old or new
        return _sum((single.one, single.replicas)) if single else {}
    if new.is_made_like(old):
        return _sum((new.one, max(old.replicas, new.replicas)))
    # The first new pods are there beside all old ones; the last old ones go when all new ones are ready.
    early = _sum((old.one, old.replicas), (new.one, new.surge))
    late = _sum((new.one, new.replicas), (old.one, new.surge))
    return _most(early, late)


def total_peak(old: Mapping[str, PodSet], new: Mapping[str, PodSet]) -> Amounts:
    """Return the most that Deployments take together, by name: all services are updated at once."""
    return _sum(*((peak(old.get(name), new.get(name)), 1) for name in {*old, *new}))


def release_peak(services: Iterable[ResolvedWorkload], *, meshed: bool) -> Amounts:
    """Return the most that a release of all services takes, after any release before it.

    Of a blue/green release the pods before the active ones are deleted first, and the new ones come in their place.
    """
    totals = []
    for service in services:
        pods = pod_set(service, meshed=meshed)
        totals.append((pods.one, pods.replicas + pods.surge))
        if service.is_blue_green:
            totals.append((pods.one, pods.replicas))
    return _sum(*totals)


def _surge(deployed: ResolvedWorkload) -> int:
    """Return how many pods a rolling update adds: never more than there are replicas, however many are allowed."""
    if deployed.strategy == RECREATE or deployed.is_blue_green:
        return 0
    surge = deployed.rollout.surge
    added = surge if isinstance(surge, int) else ceil(deployed.replicas * int(surge.removesuffix("%")) / 100)
    return min(added, deployed.replicas)


def _one(resources: Mapping[str, Amounts], *, meshed: bool) -> Amounts:
    proxy = {"requests": PROXY_REQUESTS.amounts(), "limits": PROXY_LIMITS.amounts()} if meshed else {}
    return {
        "pods": Decimal(1),
        **{
            f"{kind}.{name}": sum(
                (container.get(kind, {}).get(name, Decimal(0)) for container in (resources, proxy)), Decimal(0)
            )
            for kind in ("requests", "limits")
            for name in ("cpu", "memory")
        },
    }


def _with_defaults(container: Mapping[str, Any]) -> Mapping[str, Amounts]:
    """Return the resources of a container, with a target's defaults for what it does not name."""
    requests, limits = (
        {
            name: api_amount(quantity)
            for name, quantity in container.get("resources", {}).get(kind, {}).items()
            if name in ("cpu", "memory")
        }
        for kind in ("requests", "limits")
    )
    return {
        "requests": {**DEFAULT_REQUESTS.amounts(), **limits, **requests},
        "limits": {**DEFAULT_LIMITS.amounts(), **limits},
    }


def _sum(*parts: tuple[Amounts, int]) -> Amounts:
    totals: dict[str, Decimal] = {}
    for amounts, count in parts:
        for name, amount in amounts.items():
            totals[name] = totals.get(name, Decimal(0)) + amount * count
    return totals


def _most(first: Amounts, other: Amounts) -> Amounts:
    return {name: max(first.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {*first, *other}}
