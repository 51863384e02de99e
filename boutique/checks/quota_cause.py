"""Which key of an environment takes most of what does not fit a quota."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from boutique.application.application import Application
from boutique.settings.stack import Environment
from boutique.workloads.pod_demand import release_peak
from boutique.workloads.resolved_workload import resolve_workloads


def cause(application: Application, environment: Environment, resource: str, meshed: bool) -> str:
    """Return the key of an environment that adds most to what it takes of a resource; empty if none adds anything."""
    content = environment.model_dump(by_alias=True, exclude_unset=True, mode="json")
    whole = _taken(application, content, resource, meshed)
    added: dict[str, Decimal] = {}
    for path in _paths(content):
        without, value = _without(content, path)
        added[f"boutique:environment.{'.'.join(path)}: {value}"] = whole - _taken(
            application, without, resource, meshed
        )
    most = max(added, key=lambda key: added[key], default="")
    return most if added.get(most, 0) > 0 else ""


def _taken(application: Application, content: Mapping[str, Any], resource: str, meshed: bool) -> Decimal:
    services = resolve_workloads(application, Environment.model_validate(content))
    return release_peak(services, meshed=meshed).get(resource, Decimal(0))


def _paths(content: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield from (
        path for path in (("replicas",), ("rollout", "strategy"), ("rollout", "maxSurge")) if _has(content, path)
    )
    for name, service in content.get("services", {}).items():
        kinds = [
            ("resources", kind, resource_name) for kind in ("requests", "limits") for resource_name in ("cpu", "memory")
        ]
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
