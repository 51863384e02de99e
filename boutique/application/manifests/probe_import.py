"""Probes and resources of a container, as a workload's keys."""

from collections.abc import MutableMapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from boutique.application.manifests.import_context import split
from boutique.settings.fields import Cpu, Memory
from boutique.settings.quantities import Quantity, api_amount

_ANY: dict[str, Any] = {}
_PROBE = {
    "httpGet": {"path": _ANY, "port": _ANY, "scheme": _ANY, "httpHeaders": _ANY},
    "grpc": {"port": _ANY, "service": _ANY},
    "tcpSocket": {"port": _ANY},
    "exec": {"command": _ANY},
    "initialDelaySeconds": _ANY,
    "periodSeconds": _ANY,
    "timeoutSeconds": _ANY,
    "successThreshold": _ANY,
    "failureThreshold": _ANY,
    "terminationGracePeriodSeconds": _ANY,
}
PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_MEMORY = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10), ("G", 10**9), ("M", 10**6), ("k", 10**3))
_CPU, _AMOUNT_OF_MEMORY = TypeAdapter[Quantity](Cpu), TypeAdapter[Quantity](Memory)


def take_probes(container: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return a container's probes by their key; what no key says of them stays in the container."""
    taken = {}
    for name in PROBES:
        probe, rest = split(container.pop(name, None) or {}, _PROBE)
        if rest:
            container[name] = rest
        if probe:
            taken[name] = {key: probe[key] for key in _PROBE if key in probe}
    return taken


def take_resources(container: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return a container's CPU and memory; other resources stay in the container."""
    taken, rest = split(
        container.pop("resources", None) or {},
        {kind: {"cpu": _ANY, "memory": _ANY} for kind in ("requests", "limits")},
    )
    resources: dict[str, Any] = {}
    for kind, amounts in taken.items():
        for name, amount in (amounts or {}).items():
            text = written_amount(name, amount)
            target = rest if text is None else resources
            target.setdefault(kind, {})[name] = amount if text is None else text
    if rest:
        container["resources"] = rest
    return resources


def written_amount(name: str, amount: object) -> str | None:
    """Return a quantity as the file of an application has it; None if it has no form for that amount.

    Raises:
        ValueError: It is not a quantity.
    """
    value = api_amount(amount)
    if value <= 0:
        return None
    exact = [str(amount)] if isinstance(amount, str | int) else []
    if name == "cpu":
        candidates = [*exact, f"{(value * 1000).normalize():f}m"]
        return next((text for text in candidates if _fits(_CPU, text)), None)
    candidates = [*exact, *(f"{int(value // size)}{unit}" for unit, size in _MEMORY if value % size == 0)]
    return next((text for text in candidates if _fits(_AMOUNT_OF_MEMORY, text)), None)


def _fits(kind: TypeAdapter[Quantity], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
