"""How much a namespace may hold: the catalogue's requests, with room to change over."""

import re
from collections.abc import Iterable
from decimal import Decimal

from boutique.workload import Resources, Workload

COLOURS = 2
"""Old and new version side by side: a blue/green release, or a surge of up to 100 %."""

PROXY_REQUESTS = Resources(cpu="100m", memory="128Mi")
PROXY_LIMITS = Resources(cpu="2", memory="1Gi")
"""What Istio's injected proxy asks for and may use by default (values `global.proxy.resources` of the istiod chart)."""

_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMG", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMG", 1)},
}


def hard_limits(workloads: Iterable[Workload], replicas: int) -> dict[str, str]:
    """Return the ResourceQuota's `hard` section for an environment of so many replicas of every workload.

    Each pod counts with its own container and Istio's proxy, and everything counts twice (`COLOURS`).
    """
    pods = [workload for workload in workloads for _ in range(replicas * COLOURS)]
    return {
        "pods": str(len(pods)),
        "requests.cpu": _cores([pod.requests for pod in pods], PROXY_REQUESTS),
        "requests.memory": _mebibytes([pod.requests for pod in pods], PROXY_REQUESTS),
        "limits.cpu": _cores([pod.limits for pod in pods], PROXY_LIMITS),
        "limits.memory": _mebibytes([pod.limits for pod in pods], PROXY_LIMITS),
    }


def amount(quantity: str) -> Decimal:
    """Return a Kubernetes quantity in cores or bytes.

    Raises:
        ValueError: It is not a quantity with one of the suffixes that resources are written with.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|Ki|Mi|Gi)?", quantity)
    if not match:
        raise ValueError(f"must be a Kubernetes quantity such as 100m or 64Mi, not {quantity!r}")
    return Decimal(match[1]) * _FACTORS[match[2] or ""]


def _cores(resources: list[Resources], proxy: Resources) -> str:
    return f"{sum(amount(each.cpu) + amount(proxy.cpu) for each in resources) * 1000:.0f}m"


def _mebibytes(resources: list[Resources], proxy: Resources) -> str:
    return f"{sum(amount(each.memory) + amount(proxy.memory) for each in resources) / 2**20:.0f}Mi"
