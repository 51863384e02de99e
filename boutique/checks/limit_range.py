"""Whether the containers and pods of services keep to the LimitRanges of their namespace."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from boutique.settings.errors import ErrorLine
from boutique.settings.quantities import api_amount
from boutique.targets.quota import PROXY_LIMITS, PROXY_REQUESTS, format_amount
from boutique.workloads.resolved_workload import ResolvedWorkload


def limit_refusals(
    services: Iterable[ResolvedWorkload], items: Iterable[Mapping[str, Any]], *, meshed: bool, section: str
) -> Iterator[ErrorLine]:
    """Return a line for each container or pod that a LimitRange of the namespace refuses.

    Args:
        services: What runs there.
        items: Of all LimitRanges.
        meshed: Whether each pod has a proxy.
        section: Where services are configured, such as `boutique:environment`.
    """
    proxy = {"requests": PROXY_REQUESTS, "limits": PROXY_LIMITS}
    limits = [item for item in items if item["type"] in ("Container", "Pod")]
    for service in services:
        own = {"requests": service.requests, "limits": service.limits}
        for item in limits:
            parts = [own, proxy] if item["type"] == "Pod" and meshed else [own]
            for resource in ("cpu", "memory"):
                requested, most = (
                    sum((part[kind].amounts()[resource] for part in parts), Decimal(0))
                    for kind in ("requests", "limits")
                )
                key = f"{section}.services.{service.workload.name}.resources"
                for kind, gap in _outside(item, resource, requested, most):
                    yield ErrorLine("limit-range", f"{key}.{kind}.{resource}: {gap}; change it, or the LimitRange")
    if not meshed:
        return
    for item in (item for item in limits if item["type"] == "Container"):
        for resource in ("cpu", "memory"):
            requested, most = (proxy[kind].amounts()[resource] for kind in ("requests", "limits"))
            for kind, gap in _outside(item, resource, requested, most):
                yield ErrorLine(
                    "limit-range",
                    f"Istio's proxy in every pod, resources.{kind}.{resource}: {gap}; change the LimitRange",
                )


def _outside(item: Mapping[str, Any], resource: str, requested: Decimal, most: Decimal) -> Iterator[tuple[str, str]]:
    """Return what of a container or a pod is outside of a LimitRange, with what is allowed."""
    whole = " (with its proxy)" if item["type"] == "Pod" else ""
    rule = f"a LimitRange of the namespace allows each {item['type'].lower()}"
    upper, lower, ratio = (item.get(name, {}).get(resource) for name in ("max", "min", "maxLimitRequestRatio"))
    if upper is not None and most > api_amount(upper):
        yield "limits", f"{format_amount(resource, most)}{whole}: {rule} at most {upper}"
    if lower is not None and requested < api_amount(lower):
        yield "requests", f"{format_amount(resource, requested)}{whole}: {rule} no less than {lower}"
    if ratio is not None and most > requested * api_amount(ratio):
        request = format_amount(resource, requested)
        yield "limits", f"{format_amount(resource, most)}{whole}: {rule} {ratio} times its request, which is {request}"
