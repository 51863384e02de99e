"""Finds a killed last update of a stack, which the history of a file backend lacks."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from boutique.settings.durations import moment
from ops.pulumi import engine
from ops.pulumi.stack_history import UPDATE, Entry, history

KILLED = "was killed"
"""The result of a killed update, which the history lacks."""
_SECOND = timedelta(seconds=1)


def updates(project: Path, stack: str, *, secrets: bool) -> tuple[Entry, ...]:
    """Return the updates of a stack, the oldest first, with a killed update at the end.

    Args:
        project: The folder of the project.
        stack: The stack.
        secrets: Whether to read the contents of `serviceSecrets`.

    Raises:
        EngineError: The history or the list of stacks cannot be read.
    """
    with ThreadPoolExecutor() as pool:
        stacks = pool.submit(engine.list_stacks, project)
        entries = history(project, stack, secrets=secrets)
        return with_killed(entries, _written(stacks.result().get(stack.rpartition("/")[2]) or {}))


def with_killed(entries: tuple[Entry, ...], written: datetime | None) -> tuple[Entry, ...]:
    """Return updates, with a killed update at the end if the stack's state is newer than the end of the last one.

    Args:
        entries: The updates, the oldest first.
        written: When the state was written last; None if unknown.
    """
    if not entries or written is None or (end := entries[-1].end) is None:
        return entries
    # The history has whole seconds, and Pulumi writes it after the state.
    if written < end + _SECOND:
        return entries
    number = entries[-1].number + 1
    killed = Entry(number=number, kind=UPDATE, result=KILLED, when=written, who="", message="", config={})
    return (*entries, killed)


def _written(stack: Mapping[str, Any]) -> datetime | None:
    try:
        return moment(str(stack.get("lastUpdate")))
    except ValueError:
        return None
