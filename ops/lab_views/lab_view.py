"""The output of the `boutique lab` commands but `status`: see ops.lab_views.lab_status_view."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lab.locks import StaleLock
    from lab.status import LabStatus


@contextmanager
def show_start(name: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what the start of a lab waits for, and at the end its duration."""
    from rich.console import Console

    console = Console(stderr=True)
    start = time.monotonic()
    with console.status(f"lab {name}: starting") as status:

        def progress(awaited: str) -> None:
            status.update(f"lab {name}: waiting for {awaited} ({time.monotonic() - start:.0f} s)")

        yield progress
    typer.echo(f"lab {name} is ready after {time.monotonic() - start:.1f} s", err=True)


def show_locks(removed: "Sequence[StaleLock]") -> None:
    """Print the locks that were removed."""
    for lock in removed:
        typer.echo(
            f"removed the Pulumi lock of stack {lock.stack}: its process {lock.pid}, of {lock.timestamp}, is gone",
            err=True,
        )


def show_orphans(ended: "Sequence[str]") -> None:
    """Print the processes of a killed Pulumi that were ended."""
    if ended:
        typer.echo(f"ended what a killed pulumi left running: {', '.join(ended)}", err=True)


def show_environment(lab: "LabStatus") -> None:
    """Print a hint if the lab is not running."""
    if not lab.pid:
        typer.echo(f"lab {lab.name} is not running: start it with `boutique lab up --name {lab.name}`", err=True)
