"""What the commands of releases show: results on stdout, and on stderr what goes on."""

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
    """Return where tables go; a pipe has no width, and a version that is cut is of no use."""
    return Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)


def show_document(content: Any) -> None:  # noqa: ANN401 - any JSON
    """Print something for a program."""
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
    """Print what registries have for an environment."""
    table = Table("service", "now", "newest", "", box=None, pad_edge=False)
    for versions in feed.services:
        table.add_row(versions.service, short(versions.now), short(versions.newest), versions.comparison)
    console().print(table)


def show_changes(changes: Sequence[Change], old: str, new: str) -> None:
    """Print what becomes of services as a table, with titles for both columns."""
    table = Table("service", old, new, box=None, pad_edge=False)
    for change in changes:
        table.add_row(change.service, short(change.old), short(change.new))
    if changes:
        console().print(table)


def show_promotion(promotion: Promotion) -> None:
    """Print what a promotion would do."""
    show_changes(promotion.changes, f"{promotion.target} now", f"from {promotion.source}")
    if promotion.along:
        name = promotion.before.path.name
        typer.echo(f"{name} has other settings than were deployed last; they go along, and --preview shows how")
    if promotion.left_out:
        typer.echo(f"left out, since {promotion.target} does not run it: {', '.join(promotion.left_out)}")
    if promotion.kept:
        typer.echo(f"as it is, since {promotion.source} does not run it: {', '.join(promotion.kept)}")


def show_rollback(rollback: Rollback) -> None:
    """Print what a rollback would do."""
    show_changes(rollback.changes, "now", f"update {rollback.former.first.number}")
    if not rollback.changes:
        typer.echo("the versions stay as they are")
    for name in rollback.secrets:
        typer.echo(f"secret {name}: its former content comes back")
    typer.echo(rollback.diff, nl=False)


def show_former(revisions: Sequence[Former], current: Former | None) -> None:
    """Print former releases, the newest first."""
    table = Table("", "update", "when (UTC)", "by", "message", "differs from the one before", box=None, pad_edge=False)
    rows = zip(revisions, differences(revisions), differences(revisions, _NAMED), strict=True)
    for revision, change, brief in reversed(list(rows)):
        update = revision.first
        mark = "*" if revision is current else ""
        # A promotion's message tells the difference as well.
        message = update.message.removesuffix(f": {change}")
        table.add_row(mark, str(update.number), update.when.strftime(_TIME), update.who or NONE, message or NONE, brief)
    console().print(table)


def former_document(revisions: Sequence[Former], current: Former | None) -> list[Mapping[str, Any]]:
    """Return former releases for a program, the newest first."""
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
    """Return an update for a program."""
    from boutique.settings.durations import written

    return {
        "update": update.number,
        "when": written(update.when),
        "by": update.who or None,
        "message": update.message,
        "result": update.result,
    }


def changes_document(changes: Iterable[Change]) -> list[Mapping[str, str | None]]:
    """Return what becomes of services for a program."""
    return [
        {
            "service": change.service,
            "old": str(change.old) if change.old else None,
            "new": str(change.new) if change.new else None,
        }
        for change in changes
    ]
