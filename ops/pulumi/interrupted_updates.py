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
        listed = pool.submit(engine.listed, project)
        found = history(project, stack, secrets=secrets)
        return with_killed(found, _written(listed.result().get(stack.rpartition("/")[2]) or {}))


def with_killed(found: tuple[Entry, ...], written: datetime | None) -> tuple[Entry, ...]:
    """Return updates, and behind them one that was killed if the stack's state is newer than the end of the last.

    Args:
        found: The updates, the oldest first.
        written: When the state was written last; None if nobody knows.
    """
    if not found or written is None or (end := found[-1].end) is None:
        return found
    # The history counts whole seconds, and Pulumi writes it behind the state.
    if written < end + _SECOND:
        return found
    number = found[-1].number + 1
    killed = Entry(number=number, kind=UPDATE, result=KILLED, when=written, who="", message="", config={})
    return (*found, killed)


def _written(said: Mapping[str, Any]) -> datetime | None:
    try:
        return moment(str(said.get("lastUpdate")))
    except ValueError:
        return None
