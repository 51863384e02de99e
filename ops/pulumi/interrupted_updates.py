"""Whether the last update of a stack was killed: a file backend has no entry of it in its history."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from boutique.settings.durations import moment
from ops.pulumi import engine
from ops.pulumi.stack_history import UPDATE, Entry, history

KILLED = "was killed"
"""The result of an update that nobody has written down."""
_SECOND = timedelta(seconds=1)


def updates(project: Path, stack: str, *, secrets: bool) -> tuple[Entry, ...]:
    """Return the updates of a stack, the oldest first, and behind them one that was killed.

    Args:
        project: The folder of the project.
        stack: The stack.
        secrets: Whether to read what was in `serviceSecrets`.

    Raises:
        EngineError: They cannot be read.
    """
    with ThreadPoolExecutor() as pool:
        stacks = pool.submit(engine.list_stacks, project)
        entries = history(project, stack, secrets=secrets)
        return with_killed(entries, _written(stacks.result().get(stack.rpartition("/")[2]) or {}))


def with_killed(entries: tuple[Entry, ...], written: datetime | None) -> tuple[Entry, ...]:
    """Return updates, and behind them one that was killed if the stack's state is newer than the end of the last.

    Args:
        entries: The updates, the oldest first.
        written: When the state was written last; None if nobody knows.
    """
    if not entries or written is None or (end := entries[-1].end) is None:
        return entries
    # The history counts whole seconds, and Pulumi writes it behind the state.
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
