"""Where the logs of a pod's containers are: one file for the process that runs, and one for that before it."""

from contextlib import suppress
from pathlib import Path


def current(folder: Path, container: str) -> Path:
    """Return the log of a container's process, or of the last one if none runs."""
    return folder / f"{container}.log"


def previous(folder: Path, container: str) -> Path:
    """Return the log of the process before that."""
    return folder / f"{container}.previous.log"


def turn(folder: Path, container: str) -> Path:
    """Begin a new log for a container, keep the one before it and no older one; return the new one."""
    with suppress(FileNotFoundError):
        current(folder, container).replace(previous(folder, container))
    return current(folder, container)
