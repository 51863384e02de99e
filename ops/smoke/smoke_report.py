"""The report that all smoke tests share: progress, and the findings as text."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.smoke.reached_services import Proof, Reached
from support.deadline import Deadline

_WIDE = 200
_COLOURS = {Proof.YES: "green", Proof.IMPLIED: "green", Proof.NO: "red", Proof.UNKNOWN: "dim"}


@contextmanager
def progress(subject: str, deadline: Deadline) -> Iterator[Callable[[str], None]]:
    """Show the current step on stderr, if that is a terminal."""
    with Console(stderr=True).status(f"smoke {subject}") as status:
        yield lambda step: status.update(f"smoke {subject}: asking for {step} ({deadline.spent:.0f} s)")


def row(
    name: str, running: Sequence[str], expected: str, ready: int | None, replicas: int, reached: Reached
) -> tuple[str, Text, Text, Text]:
    """Return the row of one service: name, versions, ready replicas, and whether a request reached it.

    Args:
        name: The name of the service.
        running: The versions that run.
        expected: The version that should run.
        ready: How many replicas are ready; None if unknown.
        replicas: How many replicas there should be.
        reached: The evidence that a request reached it.
    """
    is_expected = tuple(running) == (expected,)
    versions = ", ".join(running) or "none"
    return (
        name,
        Text(versions if is_expected else f"{versions} (wanted: {expected})", style="" if is_expected else "red"),
        Text(f"{'?' if ready is None else ready}/{replicas}", style="" if ready == replicas else "red"),
        Text(reached.description, style=_COLOURS[reached.proof]),
    )


def report(
    subject: str,
    rows: Iterable[tuple[str, Text, Text, Text]],
    lines: Iterable[tuple[str, str]],
    warnings: Sequence[str],
    errors: Sequence[str],
    seconds: float,
    *,
    open_questions: int = 0,
) -> None:
    """Print the findings as text.

    Args:
        subject: The stack or feature that was tested.
        rows: One row per service.
        lines: Pairs of a title and its value.
        warnings: One line per warning.
        errors: One line per error.
        seconds: The duration of the test.
        open_questions: How many results are unknown.
    """
    table = Table("service", "version", "ready", "reached", box=None, pad_edge=False)
    for cells in rows:
        table.add_row(*cells)
    # In a file or a pipe, lines may have any length.
    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=True, highlight=False, markup=False)
    console.print(table)
    console.print()
    for title, value in lines:
        console.print(f"{title:<12}{value}")
    for line in warnings:
        console.print(f"warning: {line}", style="yellow")
    for line in errors:
        console.print(f"error: {line}", style="red")
    state, style = "all green", "green"
    if open_questions:
        state, style = f"no errors, {open_questions} unknown", "yellow"
    if count := len(errors):
        state, style = f"{count} error{'s' * (count > 1)}", "red"
    console.print(f"smoke {subject}: {state}, {seconds:.1f} s", style=style)
