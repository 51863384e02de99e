"""Whether the pods of an environment or a feature fit the quotas and limits of their namespace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boutique import catalogue
from boutique.deployed import Deployed, deployed
from boutique.mistakes import enumerated
from boutique.namespace_quota import NAME, Quota
from boutique.pod_demand import Amounts, release_peak
from boutique.quota import PROXY_LIMITS, PROXY_REQUESTS, api_amount, hard_limits
from boutique.settings import Environment

_MOST_REPLICAS = 100
_BYTES = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where pods have to fit.

    Attributes:
        target: The target.
        owner: The stack that owns the target; None for the stack itself.
        meshed: Whether each pod has a proxy.
        is_read: Whether the quotas are those that the API server has, which somebody may have changed by hand.
        others: Deployments in the namespace that the stack does not plan, such as those of features.
    """

    target: str
    owner: str | None
    meshed: bool
    is_read: bool = False
    others: Sequence[str] = ()


def environment_refusals(environment: Environment, quotas: Iterable[Quota], need: Amounts, room: Room) -> Iterator[str]:
    """Return a line for each quota that an update of an environment does not fit.

    Args:
        environment: Its settings.
        quotas: Those of the namespace.
        need: What the namespace holds at most during the update.
        room: Where that is.
    """
    for quota in quotas:
        if exceeded := _exceeded(quota, need):
            key = _cause(environment, exceeded[0], room.meshed)
            lower = "lower it, or " if key else ""
            place = _replicas(room) if quota.name == NAME else "boutique:environment"
            yield f"{key or place}: {_gap(quota, need, exceeded, room)}; {lower}{_raise(quota, need, room)}"


def feature_refusals(services: Iterable[Deployed], quotas: Iterable[Quota], need: Amounts, room: Room) -> Iterator[str]:
    """Return a line for each quota that an update of a feature does not fit; see `environment_refusals`."""
    largest = max(services, key=lambda each: each.replicas)
    key = f"boutique:feature.services.{largest.workload.name}"
    if largest.replicas > 1:
        key = f"{key}.replicas: {largest.replicas}"
    for quota in quotas:
        if exceeded := _exceeded(quota, need):
            yield (
                f"{key}: {_gap(quota, need, exceeded, room)}; destroy a feature that is no longer needed, deploy fewer "
                f"pods, or {_raise(quota, need, room)}"
            )


def limit_refusals(
    services: Iterable[Deployed], items: Iterable[Mapping[str, Any]], *, meshed: bool, section: str
) -> Iterator[str]:
    """Return a line for each container or pod that a LimitRange of the namespace refuses.

    Args:
        services: What runs there.
        items: Of all LimitRanges.
        meshed: Whether each pod has a proxy.
        section: Where services are configured, such as `boutique:environment`.
    """
    proxy = {"requests": PROXY_REQUESTS, "limits": PROXY_LIMITS}
    found = [each for each in items if each["type"] in ("Container", "Pod")]
    for each in services:
        own = {"requests": each.requests, "limits": each.limits}
        for item in found:
            parts = [own, proxy] if item["type"] == "Pod" and meshed else [own]
            for resource in ("cpu", "memory"):
                asked, most = (
                    sum((api_amount(getattr(part[kind], resource)) for part in parts), Decimal(0))
                    for kind in ("requests", "limits")
                )
                key = f"{section}.services.{each.workload.name}.resources"
                for kind, gap in _outside(item, resource, asked, most):
                    yield f"{key}.{kind}.{resource}: {gap}; change it, or the LimitRange"
    if not meshed:
        return
    for item in (each for each in found if each["type"] == "Container"):
        for resource in ("cpu", "memory"):
            asked, most = (api_amount(getattr(proxy[kind], resource)) for kind in ("requests", "limits"))
            for kind, gap in _outside(item, resource, asked, most):
                yield f"Istio's proxy in every pod, resources.{kind}.{resource}: {gap}; change the LimitRange"


def _outside(item: Mapping[str, Any], resource: str, asked: Decimal, most: Decimal) -> Iterator[tuple[str, str]]:
    """Return what of a container or a pod is outside of a LimitRange, with what is allowed."""
    whole = " (with its proxy)" if item["type"] == "Pod" else ""
    said = f"a LimitRange of the namespace allows each {item['type'].lower()}"
    upper, lower, ratio = (item.get(name, {}).get(resource) for name in ("max", "min", "maxLimitRequestRatio"))
    if upper is not None and most > api_amount(upper):
        yield "limits", f"{_shown(resource, most)}{whole}: {said} at most {upper}"
    if lower is not None and asked < api_amount(lower):
        yield "requests", f"{_shown(resource, asked)}{whole}: {said} no less than {lower}"
    if ratio is not None and most > asked * api_amount(ratio):
        yield "limits", f"{_shown(resource, most)}{whole}: {said} {ratio} times its request, {_shown(resource, asked)}"


def _exceeded(quota: Quota, need: Amounts) -> list[str]:
    return [name for name in sorted(quota.hard) if need.get(name, Decimal(0)) > quota.hard[name]]


def _gap(quota: Quota, need: Amounts, exceeded: Sequence[str], room: Room) -> str:
    gaps = ", ".join(
        f"{_shown(name, need[name])} of {name}, it gives {_shown(name, quota.hard[name])}" for name in exceeded
    )
    others = f", with {enumerated(room.others, 'Deployments')} that this stack does not plan" if room.others else ""
    return f"target {room.target!r}: the update does not fit its quota {quota.name!r}: it needs {gaps}{others}"


def _replicas(room: Room) -> str:
    return f"boutique:platform.targets.{room.target}.replicas"


def _raise(quota: Quota, need: Amounts, room: Room) -> str:
    if quota.name != NAME:
        return f"raise the ResourceQuota {quota.name!r} of the namespace"
    where = f" in the stack {room.owner!r} and run `pulumi up` there" if room.owner else ""
    for replicas in range(1, _MOST_REPLICAS + 1):
        if not _exceeded(Quota.of(NAME, hard_limits(catalogue.WORKLOADS, replicas)), need):
            by_hand = ", or the quota itself if it was changed by hand" if room.is_read else ""
            return f"raise {_replicas(room)} to {replicas}{where}{by_hand}"
    return "take fewer or smaller pods: no number of replicas gives as much"


def _cause(environment: Environment, resource: str, meshed: bool) -> str:
    """Return the key of an environment that adds most to what it takes of a resource; empty if none adds anything."""
    content = environment.model_dump(by_alias=True, exclude_unset=True, mode="json")
    whole = _taken(content, resource, meshed)
    added: dict[str, Decimal] = {}
    for path in _paths(content):
        without, value = _without(content, path)
        added[f"boutique:environment.{'.'.join(path)}: {value}"] = whole - _taken(without, resource, meshed)
    most = max(added, key=lambda key: added[key], default="")
    return most if added.get(most, 0) > 0 else ""


def _taken(content: Mapping[str, Any], resource: str, meshed: bool) -> Decimal:
    return release_peak(deployed(Environment.model_validate(content)), meshed=meshed).get(resource, Decimal(0))


def _paths(content: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield from (
        path for path in (("replicas",), ("rollout", "strategy"), ("rollout", "maxSurge")) if _has(content, path)
    )
    for name, service in content.get("services", {}).items():
        kinds = [("resources", kind, each) for kind in ("requests", "limits") for each in ("cpu", "memory")]
        for path in (("replicas",), ("rollout", "strategy"), ("rollout", "maxSurge"), *kinds):
            if _has(service, path):
                yield ("services", name, *path)


def _has(content: Mapping[str, Any], path: Sequence[str]) -> bool:
    [step, *rest] = path
    inner = content.get(step)
    return _has(inner, rest) if rest and isinstance(inner, Mapping) else not rest and inner is not None


def _without(content: Mapping[str, Any], path: Sequence[str]) -> tuple[dict[str, Any], Any]:
    [step, *rest] = path
    if not rest:
        return {key: value for key, value in content.items() if key != step}, content[step]
    inner, value = _without(content[step], rest)
    return {**content, step: inner}, value


def _shown(resource: str, amount: Decimal) -> str:
    if resource.endswith("memory"):
        unit, size = next(((unit, size) for unit, size in _BYTES if amount >= size), ("", 1))
        return f"{amount / size:.1f}".removesuffix(".0") + unit
    return f"{amount.normalize():f}"
