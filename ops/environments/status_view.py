"""What `boutique status` shows."""

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


def show(found: Sequence[EnvironmentStatus], now: datetime, *, refresh: bool) -> None:
    """Print environments as one table: a row per service, a column per environment."""
    table = Table("", *(each.stack for each in found), box=None, pad_edge=False)
    for name in sorted({name for each in found for name in each.services}):
        table.add_row(name, *(_cell(each.services.get(name)) for each in found))
    table.add_row("features", *(_features(each) for each in found))
    table.add_row("updated", *(_updated(each, now) for each in found))
    if refresh:
        table.add_row("drift", *(_drift(each) for each in found))
    out = console()
    out.print(table)
    for each in found:
        for line in each.trouble:
            out.print(f"{each.stack}: {line}", style="red")
        for line in each.warnings:
            out.print(f"{each.stack}: warning: {line}", style="yellow")
        for one in each.drift or ():
            out.print(f"{each.stack}: drift: {one}", style="yellow")


def document(found: Sequence[EnvironmentStatus]) -> list[dict[str, Any]]:
    """Return environments for a program."""
    return [
        {
            "stack": each.stack,
            "services": {
                name: {
                    "versions": list(one.versions),
                    "wanted": one.wanted,
                    "ready": one.ready,
                    "replicas": one.replicas,
                }
                for name, one in each.services.items()
            },
            "features": None if each.features is None else [_feature(one) for one in each.features],
            "updated": entry_document(each.updated) if each.updated else None,
            "trouble": list(each.trouble),
            "warnings": list(each.warnings),
            "drift": None
            if each.drift is None
            else [
                {"kind": one.kind, "name": one.name, "what": one.what, "paths": list(one.paths)} for one in each.drift
            ],
        }
        for each in found
    ]


def _feature(one: Any) -> dict[str, Any]:  # noqa: ANN401 - of the inventory
    return {
        "key": one.key,
        "branch": one.branch,
        "stack": one.stack,
        "services": dict(one.versions),
        "expires": written(one.expires) if one.expires else None,
    }


def _cell(one: ServiceStatus | None) -> Text:
    if one is None:
        return Text(_NONE, style="dim")
    running = ", ".join(one.versions) or "none"
    wanted = "" if one.versions == (one.wanted,) else f" (wanted: {one.wanted})"
    ready = "?" if one.ready is None else one.ready
    return Text(f"{running}{wanted} {ready}/{one.replicas}", style="" if one.is_well else "red")


def _features(each: EnvironmentStatus) -> str:
    if each.features is None:
        return "?"
    return ", ".join(one.key for one in each.features) or _NONE


def _updated(each: EnvironmentStatus, now: datetime) -> str:
    if each.updated is None:
        return "?" if each.trouble else _NONE
    one = each.updated
    by = f" by {one.who}" if one.who else ""
    result = "" if one.result == "succeeded" else f", {one.result}"
    return f"{age(one.when, now)} ago{by}{result}"


def _drift(each: EnvironmentStatus) -> Text:
    if each.drift is None:
        return Text("?")
    return Text(f"{len(each.drift)} differ", style="yellow") if each.drift else Text("none")
