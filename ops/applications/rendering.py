"""Renders an imported application the way the program does, without an engine."""

from collections.abc import Mapping
from typing import Any

from boutique.application.application import Application
from boutique.application.manifests.field_comparison import RenderedWorkload
from boutique.settings.stack import Environment
from boutique.workloads.pod_template import pod_template
from boutique.workloads.resolved_workload import DEFAULT_FOLDER, ResolvedWorkload, resolve_workloads
from boutique.workloads.service_spec import service_spec


def render_application(application: Application) -> dict[str, RenderedWorkload]:
    """Return the workloads of an application as an environment with default settings has them, by name."""
    return {resolved.workload.name: _render(resolved) for resolved in resolve_workloads(application, Environment())}


def _render(resolved: ResolvedWorkload) -> RenderedWorkload:
    workload = resolved.workload
    has_service = bool(workload.service_ports)
    return RenderedWorkload(
        template=_without_none(pod_template(resolved, workload.name)),
        service=_without_none(service_spec(workload, resolved.selector)) if has_service else None,
        external=_without_none(service_spec(workload, resolved.selector, "LoadBalancer"))
        if workload.external_service
        else None,
        files={
            path if path.startswith("/") else f"{DEFAULT_FOLDER}/{path}": text for path, text in resolved.files.items()
        },
        pre_stop_seconds=resolved.rollout.pre_stop_seconds if has_service else 0,
    )


def _without_none(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value
