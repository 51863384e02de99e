"""What every smoke test shows, whatever it tests: what goes on, and its findings for a reader."""

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
def progress(what: str, deadline: Deadline) -> Iterator[Callable[[str], None]]:
    """Show on stderr, if that is a terminal, what is asked for."""
    with Console(stderr=True).status(f"smoke {what}") as line:
        yield lambda asked: line.update(f"smoke {what}: asking for {asked} ({deadline.spent:.0f} s)")


def row(
    name: str, running: Sequence[str], wanted: str, ready: int | None, replicas: int, reached: Reached
) -> tuple[str, Text, Text, Text]:
    """Return the row of one service: its name, what it runs, what of it is ready, and whether a request arrived.

    Args:
        name: Of the service.
        running: The versions that run.
        wanted: The version that should.
        ready: How many replicas are ready; None if nobody knows.
        replicas: How many there should be.
        reached: Whether a request arrived.
    """
    right = tuple(running) == (wanted,)
    versions = ", ".join(running) or "none"
    return (
        name,
        Text(versions if right else f"{versions} (wanted: {wanted})", style="" if right else "red"),
        Text(f"{'?' if ready is None else ready}/{replicas}", style="" if ready == replicas else "red"),
        Text(reached.said, style=_COLOURS[reached.proof]),
    )


def report(
    what: str,
    rows: Iterable[tuple[str, Text, Text, Text]],
    lines: Iterable[tuple[str, str]],
    warnings: Sequence[str],
    mistakes: Sequence[str],
    seconds: float,
    *,
    open_questions: int = 0,
) -> None:
    """Print the findings for a reader.

    Args:
        what: What was tested.
        rows: Of the services.
        lines: Titles and what to say.
        warnings: A line for each thing that is not wrong and should be known.
        mistakes: A line for each thing that is wrong.
        seconds: How long it took.
        open_questions: How many things the test was for, and could not tell.
    """
    table = Table("service", "version", "ready", "reached", box=None, pad_edge=False)
    for each in rows:
        table.add_row(*each)
    # What goes into a file or a pipe has lines of any length.
    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=True, highlight=False, markup=False)
    console.print(table)
    console.print()
    for title, value in lines:
        console.print(f"{title:<12}{value}")
    for line in warnings:
        console.print(f"warning: {line}", style="yellow")
    for line in mistakes:
        console.print(f"wrong: {line}", style="red")
    state, style = "all green", "green"
    if open_questions:
        state, style = f"nothing wrong, {open_questions} unknown", "yellow"
    if count := len(mistakes):
        state, style = f"{count} thing{'s' * (count > 1)} wrong", "red"
    console.print(f"smoke {what}: {state}, {seconds:.1f} s", style=style)
