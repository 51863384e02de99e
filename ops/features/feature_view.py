"""The output of the `boutique feature` commands: results on stdout, progress on stderr."""

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
def working(action: str) -> Iterator[Callable[[str], None]]:
    """Show progress on stderr: in one line of a terminal, else only the first line."""
    if not sys.stderr.isatty():
        typer.echo(action, err=True)
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    start = time.monotonic()
    with console.status(action) as status:

        def progress(step: str) -> None:
            if step.strip(".@ "):
                status.update(f"{action} ({time.monotonic() - start:.0f} s): {step}")

        yield progress


def show_builds(lines: Sequence[str]) -> None:
    """Print the builds of a branch in the registry, before they are deployed."""
    for line in lines:
        # Not by typer, which bypasses the status line that `working` keeps on a terminal.
        print(line, file=sys.stderr)


def show_updated(update: Updated, seconds: float, *, as_json: bool) -> None:
    """Print the preview link of a feature that was deployed or changed."""
    for warning in update.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        identity = update.identity
        content = {
            "name": identity.name,
            "key": identity.key,
            "stack": identity.stack,
            "environment": identity.environment,
            "url": update.url,
            "expires": written(update.expires) if update.expires else None,
            "services": dict(update.versions),
            "left": dict(update.left),
            "sessions": update.sessions,
            "seconds": round(seconds, 1),
        }
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo(update.url)
    until = f"until {written(update.expires)}, " if update.expires else ""
    typer.echo(f"{update.identity}: {until}{_sessions(update.sessions)}; {seconds:.1f} s", err=True)
    if hint := resolving_hint(urlsplit(update.url).hostname or ""):
        typer.echo(hint, err=True)


def show_listed(features: Sequence[Listed], now: datetime, *, as_json: bool) -> None:
    """Print features as a table."""
    if as_json:
        typer.echo(json.dumps([document(feature, now) for feature in features], indent=2))
        return
    if not features:
        typer.echo("there are no features", err=True)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("feature", "environment", "stack", "age", "expires", "services", "testers", box=None, pad_edge=False)
    table.add_column("link", no_wrap=True)
    for feature in features:
        services = " ".join(f"{name}={version}" for name, version in feature.versions.items())
        end = "expired" if feature.expires and feature.expires <= now else _left(feature.expires, now)
        row = (
            feature.name,
            feature.environment,
            feature.stack,
            age(feature.since, now),
            end,
            services,
            str(feature.sessions),
        )
        table.add_row(*row, feature.trouble or feature.url)
    # A pipe has no width, and a link that is cut is of no use.
    Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else 10_000).print(table)


def show_feature(feature: Listed, now: datetime, *, as_json: bool) -> None:
    """Print everything about one feature."""
    if as_json:
        typer.echo(json.dumps(document(feature, now), indent=2))
        return
    services = [f"{name} {version}" for name, version in feature.versions.items()]
    rows = [
        ("feature", feature.name),
        ("key", feature.key),
        ("environment", feature.environment),
        ("stack", feature.stack),
        ("link", feature.url),
        ("age", age(feature.since, now)),
        ("expires", f"{written(feature.expires)}, {_left(feature.expires, now)}" if feature.expires else _NEVER),
        ("services", ", ".join(services) or "-"),
        ("testers", _sessions(feature.sessions)),
        *([("trouble", feature.trouble)] if feature.trouble else []),
        *((("objects" if number == 0 else ""), name) for number, name in enumerate(feature.objects)),
    ]
    for title, text in rows:
        typer.echo(f"{title:<13}{text}")


def show_reaped(results: Sequence[Reaped], now: datetime, *, as_json: bool) -> None:
    """Print the result for each feature that was due."""
    if as_json:
        rows = [
            {**document(result.feature, now), "removed": result.is_removed, "busy": result.busy, "error": result.error}
            for result in results
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for result in results:
        name = f"feature {result.feature.name!r} of {result.feature.environment!r}"
        if result.is_removed:
            typer.echo(f"{name}: removed")
        else:
            typer.echo(f"{name}: {f'left alone: {result.busy}' if result.busy else result.error}", err=True)
    if not results:
        typer.echo("nothing has expired", err=True)


def document(feature: Listed, now: datetime) -> dict[str, Any]:
    """Return a feature as a JSON document."""
    return {
        "name": feature.name,
        "key": feature.key,
        "stack": feature.stack,
        "environment": feature.environment,
        "url": feature.url,
        "since": written(feature.since) if feature.since else None,
        "age": round((now - feature.since).total_seconds()) if feature.since else None,
        "expires": written(feature.expires) if feature.expires else None,
        "expired": bool(feature.expires and feature.expires <= now),
        "services": dict(feature.versions),
        "sessions": feature.sessions,
        "trouble": feature.trouble,
        "objects": list(feature.objects),
    }


def age(since: datetime | None, now: datetime) -> str:
    """Return the time since a moment, in its largest unit."""
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
    """Return the current time in UTC."""
    return datetime.now(UTC)
