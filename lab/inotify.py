"""Counts the inotify instances left to this user: every proxy and every control plane needs some.

https://man7.org/linux/man-pages/man7/inotify.7.html
"""

from contextlib import suppress
from pathlib import Path

from support.procfs import PROC

ENOUGH = 48
"""For one lab with twenty proxies: eight of a control plane (Kubernetes 1.36), two of each proxy (Istio 1.31)."""
_KIND = "anon_inode:inotify"


def warning(system: Path = PROC) -> str:
    """Return a warning with the remedy if a lab may need more; empty if there are enough, or the number is unknown.

    Args:
        system: Where procfs is mounted.
    """
    try:
        limit = int((system / "sys/fs/inotify/max_user_instances").read_text())
    except (OSError, ValueError):
        return ""
    used = _count_used(system)
    if limit - used >= ENOUGH:
        return ""
    return (
        f"of the {limit} inotify instances that a user may have, {used} are taken, and a lab with a mesh needs up to "
        f"{ENOUGH}: proxies that get none do not start. Stop what you do not need, other labs among it, or run "
        f"`sudo sysctl fs.inotify.max_user_instances={max(512, 4 * limit)}`"
    )


def _count_used(system: Path) -> int:
    count = 0
    for folder in system.glob("[0-9]*/fd"):
        # Other users' processes do not tell and do not count; any may end meanwhile.
        with suppress(OSError):
            for descriptor in folder.iterdir():
                with suppress(OSError):
                    count += str(descriptor.readlink()) == _KIND
    return count
