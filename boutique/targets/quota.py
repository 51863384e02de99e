"""How much a namespace may hold: three times what the application's pods ask for."""

from collections.abc import Iterable
from decimal import Decimal

from boutique.application.workload import Workload
from boutique.settings.resource_settings import Resources

SHARES = 3
"""How many times everything fits: the active pods, the new ones beside them, and one share more.

That one is for features, for pods that are still ending, and for what an update that failed half-way has left: a
service that had switched already keeps its active pods and those of the last successful release (`recorded_revisions`).
"""

PROXY_REQUESTS = Resources.parse(cpu="100m", memory="128Mi")
PROXY_LIMITS = Resources.parse(cpu="2", memory="1Gi")
"""What Istio's injected proxy asks for and may use by default (values `global.proxy.resources` of the istiod chart)."""

DEFAULT_REQUESTS = Resources.parse(cpu="50m", memory="32Mi")
DEFAULT_LIMITS = Resources.parse(cpu="200m", memory="128Mi")
"""What a container gets that names neither: with a quota on CPU and memory it would be refused."""

_BYTES = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def hard_limits(workloads: Iterable[Workload], replicas: int) -> dict[str, str]:
    """Return the ResourceQuota's `hard` section for an environment of so many replicas of every workload.

    Each pod counts with its own container and Istio's proxy, and everything counts three times (`SHARES`).
    """
    pods = [workload for workload in workloads for _ in range(replicas * SHARES)]
    return {
        "pods": str(len(pods)),
        "requests.cpu": _cores([pod.requests for pod in pods], PROXY_REQUESTS),
        "requests.memory": _mebibytes([pod.requests for pod in pods], PROXY_REQUESTS),
        "limits.cpu": _cores([pod.limits for pod in pods], PROXY_LIMITS),
        "limits.memory": _mebibytes([pod.limits for pod in pods], PROXY_LIMITS),
    }


def format_amount(resource: str, amount: Decimal) -> str:
    """Return an amount for a message, such as `16Gi` of `limits.memory`, rounded."""
    if resource.endswith("memory"):
        unit, size = next(((unit, size) for unit, size in _BYTES if amount >= size), ("", 1))
        return f"{amount / size:.1f}".removesuffix(".0") + unit
    return f"{amount.normalize():f}"


def _cores(resources: list[Resources], proxy: Resources) -> str:
    return f"{sum(container.cpu.amount + proxy.cpu.amount for container in resources) * 1000:.0f}m"


def _mebibytes(resources: list[Resources], proxy: Resources) -> str:
    return f"{sum(container.memory.amount + proxy.memory.amount for container in resources) / 2**20:.0f}Mi"
