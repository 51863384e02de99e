"""The supervisor's record of the lab's processes, and the lock that the supervisor holds while it lives.

The lock is the truth. The kernel gives it up when the last process that holds it ends, however it ends; by then a
process number in a file could be another process'.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from support.files import replace_file


class State(StrEnum):
    """The state of a lab, or of one component of it."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class ComponentRecord:
    """The record of one process of a lab. Times are seconds since the epoch; process numbers are those of the host."""

    name: str
    ports: tuple[int, ...]
    state: State = State.STOPPED
    pid: int = 0
    started: float = 0.0
    restarts: int = 0


@dataclass(frozen=True)
class LabRecord:
    """The record of a lab, written by its supervisor.

    Attributes:
        state: The state of the lab as a whole.
        pid: The supervisor's process number on the host: the way into the lab's network.
        started: When the supervisor began.
        awaited: The component that a starting lab waits for.
        failed: The component that a failed lab failed for.
        components: Its processes, in the order of their start.
    """

    state: State
    pid: int = 0
    started: float = 0.0
    awaited: str = ""
    failed: str = ""
    components: tuple[ComponentRecord, ...] = field(default=())

    @property
    def ready(self) -> bool:
        """Whether the lab and each of its components run."""
        return self.state == State.RUNNING and all(component.state == State.RUNNING for component in self.components)

    def write(self, path: Path) -> None:
        """Write the record."""
        replace_file(path, json.dumps(asdict(self), indent=2))


def read(path: Path) -> LabRecord | None:
    """Return the latest record; None if none was written."""
    try:
        content = json.loads(path.read_text())
        components = tuple(
            ComponentRecord(**{**component, "state": State(component["state"]), "ports": tuple(component["ports"])})
            for component in content.pop("components")
        )
        return LabRecord(**{**content, "state": State(content["state"]), "components": components})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def take(lock: Path) -> int | None:
    """Take the lock, and return the descriptor that holds it, or None if another process has it.

    Descriptors that were inherited from this one hold the same lock: it is free when the last of them is closed.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    # The previous holder may have deleted the lab's folder: a lock without a path excludes no other process.
    if not (lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat())):
        os.close(descriptor)
        return None
    return descriptor


def is_held(lock: Path) -> bool:
    """Say whether a process holds the lock, without blocking others that check it."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
