"""Says whether the process that owns a lock is running."""

import os
from datetime import datetime

from support.procfs import PROC, stat

_CLOCK_TOLERANCE = 2.0
"""Seconds: the kernel gives the boot time in whole seconds."""


def is_running(pid: int, since: datetime) -> bool:
    """Say whether the `pulumi` that took a lock runs, and not another process that got its number later."""
    try:
        process = stat(pid)
        boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime "))
    except (FileNotFoundError, ProcessLookupError):
        return False
    if process.has_ended:
        return False
    started = int(boot.split()[1]) + process.start / os.sysconf("SC_CLK_TCK")
    # By its name first: the boot time moves when the clock is set.
    return process.name == "pulumi" or started <= since.timestamp() + _CLOCK_TOLERANCE
