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


def show_release(found: ReleaseState) -> None:
    """Print the versions of an environment."""
    table = Table("service", found.file, "deployed", "", box=None, pad_edge=False)
    for name in found.services:
        old, new = found.deployed.get(name), found.asked.get(name)
        table.add_row(name, short(new), short(old), "differs" if old != new else "")
    console().print(table)
    if found.differing:
        typer.echo(f"{len(found.differing)} differ: `pulumi up --stack {found.stack}` deploys what the file says")


def show_feed(found: Feed) -> None:
    """Print what registries have for an environment."""
    table = Table("service", "now", "newest", "", box=None, pad_edge=False)
    for each in found.services:
        table.add_row(each.service, short(each.now), short(each.newest), each.said)
    console().print(table)


def show_changes(changes: Sequence[Change], old: str, new: str) -> None:
    """Print what becomes of services as a table, with titles for both columns."""
    table = Table("service", old, new, box=None, pad_edge=False)
    for each in changes:
        table.add_row(each.service, short(each.old), short(each.new))
    if changes:
        console().print(table)


def show_promotion(planned: Promotion) -> None:
    """Print what a promotion would do."""
    show_changes(planned.changes, f"{planned.target} now", f"from {planned.source}")
    if planned.along:
        name = planned.before.path.name
        typer.echo(f"{name} has other settings than were deployed last; they go along, and --preview shows how")
    if planned.left_out:
        typer.echo(f"left out, since {planned.target} does not run it: {', '.join(planned.left_out)}")
    if planned.kept:
        typer.echo(f"as it is, since {planned.source} does not run it: {', '.join(planned.kept)}")


def show_rollback(planned: Rollback) -> None:
    """Print what a rollback would do."""
    show_changes(planned.changes, "now", f"update {planned.former.first.number}")
    if not planned.changes:
        typer.echo("the versions stay as they are")
    for name in planned.secrets:
        typer.echo(f"secret {name}: its former content comes back")
    typer.echo(planned.diff, nl=False)


def show_former(found: Sequence[Former], current: Former | None) -> None:
    """Print former releases, the newest first."""
    table = Table("", "update", "when (UTC)", "by", "message", "differs from the one before", box=None, pad_edge=False)
    rows = zip(found, differences(found), differences(found, _NAMED), strict=True)
    for each, change, brief in reversed(list(rows)):
        one = each.first
        mark = "*" if each is current else ""
        # A promotion's message tells the difference as well.
        message = one.message.removesuffix(f": {change}")
        table.add_row(mark, str(one.number), one.when.strftime(_TIME), one.who or NONE, message or NONE, brief)
    console().print(table)


def former_document(found: Sequence[Former], current: Former | None) -> list[Mapping[str, Any]]:
    """Return former releases for a program, the newest first."""
    rows = zip(found, differences(found), strict=True)
    return [
        {
            **entry_document(each.first),
            "updates": list(each.numbers),
            "current": each is current,
            "versions": {name: str(pin) for name, pin in (each.content.pins or {}).items()},
            "difference": change,
        }
        for each, change in reversed(list(rows))
    ]


def entry_document(one: Entry) -> dict[str, Any]:
    """Return an update for a program."""
    from boutique.settings.durations import written

    return {
        "update": one.number,
        "when": written(one.when),
        "by": one.who or None,
        "message": one.message,
        "result": one.result,
    }


def changes_document(changes: Iterable[Change]) -> list[Mapping[str, str | None]]:
    """Return what becomes of services for a program."""
    return [
        {
            "service": each.service,
            "old": str(each.old) if each.old else None,
            "new": str(each.new) if each.new else None,
        }
        for each in changes
    ]
