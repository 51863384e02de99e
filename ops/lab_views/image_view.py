"""The output of `boutique lab load` and `boutique lab images`."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lab.images.pull_progress import PullProgress
    from lab.images.stored_images import PruneResult, StoredImage

_QUIET_SECONDS = 2.0
_LOG_SECONDS = 10.0
_DIGEST_LENGTH = len("sha256:") + 12


@contextmanager
def show_progress() -> Iterator["Callable[[PullProgress], None]"]:
    """Show on stderr how far an image is, once that takes over two seconds: in one line, or as lines of a log."""
    from rich.console import Console

    console = Console(stderr=True)
    status = console.status("")
    start = last = time.monotonic()

    def progress(state: "PullProgress") -> None:
        nonlocal last
        now = time.monotonic()
        if now - start < _QUIET_SECONDS:
            return
        if console.is_terminal:
            status.update(_progress(state))
            status.start()
        elif now - last >= _LOG_SECONDS or last == start:
            last = now
            typer.echo(_progress(state), err=True)

    try:
        yield progress
    finally:
        status.stop()


def show_loaded(images: "Sequence[StoredImage]", *, as_json: bool) -> None:
    """Print the images that were loaded."""
    if as_json:
        typer.echo(json.dumps([asdict(image) for image in images], indent=2))
        return
    for image in images:
        typer.echo(f"loaded {', '.join(image.references)}: {_size(image.size)}, {image.digest[:_DIGEST_LENGTH]}")


def show_images(images: "Sequence[StoredImage]", *, as_json: bool) -> None:
    """Print all images of the cache."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps([asdict(image) for image in images], indent=2))
        return
    if not images:
        typer.echo("there is no image in the cache", err=True)
        return
    table = Table(box=None, pad_edge=False)
    for title in ("image", "digest", "layers", "size", "used"):
        table.add_column(title, overflow="fold")
    for image in images:
        for reference in image.references or ("-",):
            used = "yes" if image.in_use else "no"
            table.add_row(reference, image.digest[:_DIGEST_LENGTH], str(image.layers), _size(image.size), used)
    # A pipe has no width, and names that are cut are of no use.
    Console(soft_wrap=True, highlight=False, markup=False, width=None if sys.stdout.isatty() else 10_000).print(table)


def show_pruned(result: "PruneResult", *, as_json: bool) -> None:
    """Print what was removed from the cache."""
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=2))
        return
    for image in result.images:
        typer.echo(f"removed {', '.join(image.references) or image.digest}")
    typer.echo(f"freed {_size(result.size)}")


def show_waiting() -> None:
    """Print that another process is adding an image."""
    typer.echo("waiting: another process adds an image", err=True)


def _progress(state: "PullProgress") -> str:
    return (
        f"{state.reference}: {state.finished} of {state.layers} layers, {_size(state.transferred)} of "
        f"{_size(state.size)} read, {_size(state.unpacked)} unpacked"
    )


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
