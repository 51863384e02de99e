"""Prints the output of `boutique status`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from boutique.settings.durations import written
from ops.environments.environment_status import EnvironmentStatus, ServiceStatus
from ops.features.feature_view import age
from ops.releases.release_view import console, entry_document

_NONE = "-"


def show(statuses: Sequence[EnvironmentStatus], now: datetime, *, refresh: bool) -> None:
    """Print environments as one table: a row per service, a column per environment."""
    table = Table("", *(status.stack for status in statuses), box=None, pad_edge=False)
    for name in sorted({name for status in statuses for name in status.services}):
        table.add_row(name, *(_cell(status.services.get(name)) for status in statuses))
    table.add_row("features", *(_features(status) for status in statuses))
    table.add_row("updated", *(_last_update(status, now) for status in statuses))
    if refresh:
        table.add_row("drift", *(_drift(status) for status in statuses))
    out = console()
    out.print(table)
    for status in statuses:
        for line in status.trouble:
            out.print(f"{status.stack}: {line}", style="red")
        for line in status.warnings:
            out.print(f"{status.stack}: warning: {line}", style="yellow")
        for difference in status.drift or ():
            out.print(f"{status.stack}: drift: {difference}", style="yellow")


def document(statuses: Sequence[EnvironmentStatus]) -> list[dict[str, Any]]:
    """Return environments as `--json` prints them."""
    return [
        {
            "stack": status.stack,
            "services": {
                name: {
                    "versions": list(service.versions),
                    "wanted": service.wanted,
                    "ready": service.ready,
                    "replicas": service.replicas,
                }
                for name, service in status.services.items()
            },
            "features": None if status.features is None else [_feature(feature) for feature in status.features],
            "updated": entry_document(status.updated) if status.updated else None,
            "trouble": list(status.trouble),
            "warnings": list(status.warnings),
            "drift": None
            if status.drift is None
            else [
                {
                    "kind": difference.kind,
                    "name": difference.name,
                    "what": difference.what,
                    "paths": list(difference.paths),
                }
                for difference in status.drift
            ],
        }
        for status in statuses
    ]


def _feature(feature: Any) -> dict[str, Any]:  # noqa: ANN401 - a feature of the inventory
    return {
        "key": feature.key,
        "branch": feature.branch,
        "stack": feature.stack,
        "services": dict(feature.versions),
        "expires": written(feature.expires) if feature.expires else None,
    }


def _cell(service: ServiceStatus | None) -> Text:
    if service is None:
        return Text(_NONE, style="dim")
    running = ", ".join(service.versions) or "none"
    expected = "" if service.versions == (service.wanted,) else f" (wanted: {service.wanted})"
    ready = "?" if service.ready is None else service.ready
    return Text(f"{running}{expected} {ready}/{service.replicas}", style="" if service.is_well else "red")


def _features(status: EnvironmentStatus) -> str:
    if status.features is None:
        return "?"
    return ", ".join(feature.key for feature in status.features) or _NONE


def _last_update(status: EnvironmentStatus, now: datetime) -> str:
    if status.updated is None:
        return "?" if status.trouble else _NONE
    update = status.updated
    by = f" by {update.who}" if update.who else ""
    result = "" if update.result == "succeeded" else f", {update.result}"
    return f"{age(update.when, now)} ago{by}{result}"


def _drift(status: EnvironmentStatus) -> Text:
    if status.drift is None:
        return Text("?")
    return Text(f"{len(status.drift)} differ", style="yellow") if status.drift else Text("none")
