"""What the `boutique lab` commands show, `status` apart: see ops.lab_views.lab_status_view."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lab.locks import StaleLock
    from lab.status import LabStatus


@contextmanager
def started(name: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what the start of a lab is waiting for, and at last how long it took."""
    from rich.console import Console

    console = Console(stderr=True)
    began = time.monotonic()
    with console.status(f"lab {name}: starting") as line:

        def progress(awaited: str) -> None:
            line.update(f"lab {name}: waiting for {awaited} ({time.monotonic() - began:.0f} s)")

        yield progress
    typer.echo(f"lab {name} is ready after {time.monotonic() - began:.1f} s", err=True)


def show_locks(removed: "Sequence[StaleLock]") -> None:
    """Say which locks were removed."""
    for lock in removed:
        typer.echo(
            f"removed the Pulumi lock of stack {lock.stack}: its process {lock.pid}, of {lock.timestamp}, is gone",
            err=True,
        )


def show_orphans(ended: "Sequence[str]") -> None:
    """Say which parts of a killed Pulumi were ended."""
    if ended:
        typer.echo(f"ended what a killed pulumi left running: {', '.join(ended)}", err=True)


def show_environment(found: "LabStatus") -> None:
    """Hint at what the environment alone does not give."""
    if not found.pid:
        typer.echo(f"lab {found.name} is not running: start it with `boutique lab up --name {found.name}`", err=True)
