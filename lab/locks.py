"""Removes the locks that a killed `pulumi` left behind: nothing else would, and every later command stops at them."""

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from support.lock_owners import is_running

_CLOCK_TOLERANCE = 2.0
"""Seconds: the kernel gives the boot time in whole seconds."""


@dataclass(frozen=True)
class StaleLock:
    """A lock whose owner process has ended."""

    stack: str
    pid: int
    timestamp: str


def clear(backend: Path, host: str | None = None) -> list[StaleLock]:
    """Remove the stale locks of a Pulumi file backend, and return them.

    A lock names its owner (`lockContent` in Pulumi's backend/diy/lock.go): stale is one of this host whose process does
    not live. One that cannot be read, or of another host, is left alone.

    Args:
        backend: The folder of the backend.
        host: The name of this host; by default the system's.
    """
    host = host or socket.gethostname()
    locks = backend / ".pulumi" / "locks"
    removed = []
    for path in sorted(locks.rglob("*.json")):
        try:
            content = json.loads(path.read_text())
            owner, pid = content["hostname"], int(content["pid"])
            since = datetime.fromisoformat(content["timestamp"])
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if owner == host and not is_running(pid, since):
            path.unlink(missing_ok=True)
            stack = path.parent.relative_to(locks).as_posix().removeprefix("organization/")
            removed.append(StaleLock(stack, pid, since.isoformat(timespec="seconds")))
    return removed
