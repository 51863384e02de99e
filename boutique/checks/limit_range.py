"""Whether the containers and pods of services keep to the LimitRanges of their namespace."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from boutique.targets.quota import PROXY_LIMITS, PROXY_REQUESTS, api_amount, format_amount
from boutique.workloads.resolved_workload import ResolvedWorkload


def limit_refusals(
    services: Iterable[ResolvedWorkload], items: Iterable[Mapping[str, Any]], *, meshed: bool, section: str
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
        yield "limits", f"{format_amount(resource, most)}{whole}: {said} at most {upper}"
    if lower is not None and asked < api_amount(lower):
        yield "requests", f"{format_amount(resource, asked)}{whole}: {said} no less than {lower}"
    if ratio is not None and most > asked * api_amount(ratio):
        request = format_amount(resource, asked)
        yield "limits", f"{format_amount(resource, most)}{whole}: {said} {ratio} times its request, which is {request}"
