"""What the `boutique feature` commands show: results on stdout, and on stderr what goes on."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import typer

from boutique.settings.durations import written
from ops.features.listing import Listed
from ops.features.reaping import Reaped
from ops.features.update import Updated
from ops.smoke.link import resolving_hint

_NEVER = "never"


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show what goes on: in one line of a terminal, else what each step begins with."""
    if not sys.stderr.isatty():
        typer.echo(what, err=True)
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    began = time.monotonic()
    with console.status(what) as line:

        def progress(step: str) -> None:
            if step.strip(".@ "):
                line.update(f"{what} ({time.monotonic() - began:.0f} s): {step}")

        yield progress


def show_found(lines: Sequence[str]) -> None:
    """Print what the registry has of a branch, before it is deployed."""
    for line in lines:
        # Not by typer, which writes past the line that `working` keeps on a terminal.
        print(line, file=sys.stderr)


def show_updated(done: Updated, seconds: float, *, as_json: bool) -> None:
    """Print the link to a feature that was deployed or changed."""
    for warning in done.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        which = done.identity
        content = {
            "name": which.name,
            "key": which.key,
            "stack": which.stack,
            "environment": which.environment,
            "url": done.url,
            "expires": written(done.expires) if done.expires else None,
            "services": dict(done.versions),
            "left": dict(done.left),
            "sessions": done.sessions,
            "seconds": round(seconds, 1),
        }
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo(done.url)
    until = f"until {written(done.expires)}, " if done.expires else ""
    typer.echo(f"{done.identity}: {until}{_sessions(done.sessions)}; {seconds:.1f} s", err=True)
    if hint := resolving_hint(urlsplit(done.url).hostname or ""):
        typer.echo(hint, err=True)


def show_listed(found: Sequence[Listed], now: datetime, *, as_json: bool) -> None:
    """Print features as a table."""
    if as_json:
        typer.echo(json.dumps([document(each, now) for each in found], indent=2))
        return
    if not found:
        typer.echo("there are no features", err=True)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("feature", "environment", "stack", "age", "expires", "services", "testers", box=None, pad_edge=False)
    table.add_column("link", no_wrap=True)
    for each in found:
        services = " ".join(f"{name}={version}" for name, version in each.versions.items())
        end = "expired" if each.expires and each.expires <= now else _left(each.expires, now)
        row = (each.name, each.environment, each.stack, age(each.since, now), end, services, str(each.sessions))
        table.add_row(*row, each.trouble or each.url)
    # A pipe has no width, and a link that is cut is of no use.
    Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else 10_000).print(table)


def show_one(each: Listed, now: datetime, *, as_json: bool) -> None:
    """Print everything about one feature."""
    if as_json:
        typer.echo(json.dumps(document(each, now), indent=2))
        return
    services = [f"{name} {version}" for name, version in each.versions.items()]
    rows = [
        ("feature", each.name),
        ("key", each.key),
        ("environment", each.environment),
        ("stack", each.stack),
        ("link", each.url),
        ("age", age(each.since, now)),
        ("expires", f"{written(each.expires)}, {_left(each.expires, now)}" if each.expires else _NEVER),
        ("services", ", ".join(services) or "-"),
        ("testers", _sessions(each.sessions)),
        *([("trouble", each.trouble)] if each.trouble else []),
        *((("objects" if number == 0 else ""), name) for number, name in enumerate(each.objects)),
    ]
    for title, text in rows:
        typer.echo(f"{title:<13}{text}")


def show_reaped(done: Sequence[Reaped], now: datetime, *, as_json: bool) -> None:
    """Print what became of features that were due."""
    if as_json:
        rows = [
            {**document(each.feature, now), "removed": each.removed, "busy": each.busy, "error": each.error}
            for each in done
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for each in done:
        name = f"feature {each.feature.name!r} of {each.feature.environment!r}"
        if each.removed:
            typer.echo(f"{name}: removed")
        else:
            typer.echo(f"{name}: {f'left alone: {each.busy}' if each.busy else each.error}", err=True)
    if not done:
        typer.echo("nothing has expired", err=True)


def document(each: Listed, now: datetime) -> dict[str, Any]:
    """Return a feature for a program."""
    return {
        "name": each.name,
        "key": each.key,
        "stack": each.stack,
        "environment": each.environment,
        "url": each.url,
        "since": written(each.since) if each.since else None,
        "age": round((now - each.since).total_seconds()) if each.since else None,
        "expires": written(each.expires) if each.expires else None,
        "expired": bool(each.expires and each.expires <= now),
        "services": dict(each.versions),
        "sessions": each.sessions,
        "trouble": each.trouble,
        "objects": list(each.objects),
    }


def age(since: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    return _length(now - since) if since else "-"


def _left(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return _NEVER
    return f"in {_length(expires - now)}" if expires > now else "expired"


def _length(time_span: timedelta) -> str:
    seconds = max(0, round(time_span.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def moment_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
