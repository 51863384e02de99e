"""The log files of a pod's containers: one for the running process, and one for the process before it."""

import os
from contextlib import suppress
from pathlib import Path

_TAIL = 4096
_LONGEST = 300


def current(folder: Path, container: str) -> Path:
    """Return the log of a container's process, or of the last one if none runs."""
    return folder / f"{container}.log"


def previous(folder: Path, container: str) -> Path:
    """Return the log of the process before that."""
    return folder / f"{container}.previous.log"


def last_line(log: Path) -> str:
    """Return the last line of a log, shortened; empty if the log has no line."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode(errors="replace").split("\n")
        return next((line.strip()[:_LONGEST] for line in reversed(lines) if line.strip()), "")
    return ""


def bring_back(folder: Path) -> None:
    """Bring the logs of a pod back from those of the lab's last run: see lab.preparation.

    Args:
        folder: The folder of the pod's logs, `logs/pods/NAMESPACE/NAME`.
    """
    namespaces = folder.parents[1]
    earlier = namespaces.with_name(f"{namespaces.name}.1") / folder.parent.name / folder.name
    if earlier.is_dir() and not folder.exists():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        earlier.rename(folder)


def turn(folder: Path, container: str) -> Path:
    """Begin a new log for a container, keep the one before it and no older one; return the new one."""
    with suppress(FileNotFoundError):
        current(folder, container).replace(previous(folder, container))
    return current(folder, container)
