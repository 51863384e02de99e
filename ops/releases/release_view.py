"""Prints releases: results on stdout, progress on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from boutique.settings.release_settings import Change
from ops.pulumi.stack_history import Entry
from ops.releases.feed import Feed
from ops.releases.promotion import Promotion
from ops.releases.revisions import Former, differences
from ops.releases.rollback_plan import Rollback
from ops.releases.service_versions import NONE, short
from ops.releases.show import ReleaseState

_WIDE = 10_000
_NAMED = 3
_TIME = "%Y-%m-%d %H:%M:%S"


def console() -> Console:
    """Return the console for tables; in a pipe it is wide enough not to cut versions."""
    return Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)


def show_document(content: Any) -> None:  # noqa: ANN401 - any JSON
    """Print a JSON document."""
    typer.echo(json.dumps(content, indent=2))


def show_release(state: ReleaseState) -> None:
    """Print the versions of an environment."""
    table = Table("service", state.file, "deployed", "", box=None, pad_edge=False)
    for name in state.services:
        old, new = state.deployed.get(name), state.requested.get(name)
        table.add_row(name, short(new), short(old), "differs" if old != new else "")
    console().print(table)
    if state.differing:
        typer.echo(f"{len(state.differing)} differ: `pulumi up --stack {state.stack}` deploys what the file says")


def show_feed(feed: Feed) -> None:
    """Print the newest versions in the registries."""
    table = Table("service", "now", "newest", "", box=None, pad_edge=False)
    for versions in feed.services:
        table.add_row(versions.service, short(versions.now), short(versions.newest), versions.comparison)
    console().print(table)


def show_changes(changes: Sequence[Change], old: str, new: str) -> None:
    """Print version changes as a table, with the titles of both version columns."""
    table = Table("service", old, new, box=None, pad_edge=False)
    for change in changes:
        table.add_row(change.service, short(change.old), short(change.new))
    if changes:
        console().print(table)


def show_promotion(promotion: Promotion) -> None:
    """Print a planned promotion."""
    show_changes(promotion.changes, f"{promotion.target} now", f"from {promotion.source}")
    if promotion.has_undeployed_settings:
        name = promotion.before.path.name
        typer.echo(
            f"{name} has settings that were not deployed yet; this update deploys them too, and --preview shows them"
        )
    if promotion.left_out:
        typer.echo(f"left out, since {promotion.target} does not run it: {', '.join(promotion.left_out)}")
    if promotion.kept:
        typer.echo(f"as it is, since {promotion.source} does not run it: {', '.join(promotion.kept)}")


def show_rollback(rollback: Rollback) -> None:
    """Print a planned rollback."""
    show_changes(rollback.changes, "now", f"update {rollback.former.first.number}")
    if not rollback.changes:
        typer.echo("the versions stay as they are")
    for name in rollback.secrets:
        typer.echo(f"secret {name}: its former content comes back")
    typer.echo(rollback.diff, nl=False)


def show_former(revisions: Sequence[Former], current: Former | None) -> None:
    """Print revisions, the newest first."""
    table = Table("", "update", "when (UTC)", "by", "message", "differs from the one before", box=None, pad_edge=False)
    rows = zip(revisions, differences(revisions), differences(revisions, _NAMED), strict=True)
    for revision, change, brief in reversed(list(rows)):
        update = revision.first
        mark = "*" if revision is current else ""
        # A promotion's message ends with the difference.
        message = update.message.removesuffix(f": {change}")
        table.add_row(mark, str(update.number), update.when.strftime(_TIME), update.who or NONE, message or NONE, brief)
    console().print(table)


def former_document(revisions: Sequence[Former], current: Former | None) -> list[Mapping[str, Any]]:
    """Return revisions as `--json` prints them, the newest first."""
    rows = zip(revisions, differences(revisions), strict=True)
    return [
        {
            **entry_document(revision.first),
            "updates": list(revision.numbers),
            "current": revision is current,
            "versions": {name: str(pin) for name, pin in (revision.content.pins or {}).items()},
            "difference": change,
        }
        for revision, change in reversed(list(rows))
    ]


def entry_document(update: Entry) -> dict[str, Any]:
    """Return an update as `--json` prints it."""
    from boutique.settings.durations import written

    return {
        "update": update.number,
        "when": written(update.when),
        "by": update.who or None,
        "message": update.message,
        "result": update.result,
    }


def changes_document(changes: Iterable[Change]) -> list[Mapping[str, str | None]]:
    """Return version changes as `--json` prints them."""
    return [
        {
            "service": change.service,
            "old": str(change.old) if change.old else None,
            "new": str(change.new) if change.new else None,
        }
        for change in changes
    ]
