"""Reads the state of a process from the kernel: proc_pid_stat(5)."""

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessStat:
    """The state of a process, by its number on the host.

    Attributes:
        name: The first 15 bytes of its program's file name.
        state: One letter; `Z` and `X` have ended.
        parent: The number of its parent.
        session: The number of the session it belongs to.
        start: When it began, in clock ticks since the boot.
    """

    name: str
    state: str
    parent: int
    session: int
    start: int

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, and at most its parent has not asked for its exit code yet."""
        return self.state in ("Z", "X")


def stat(pid: int, system: Path = PROC) -> ProcessStat:
    """Return the state of a process.

    Raises:
        OSError: No process has that number.
    """
    # The name, in parentheses, may hold anything, parentheses and spaces included.
    head, _, tail = (system / str(pid) / "stat").read_text().rpartition(")")
    fields = tail.split()
    return ProcessStat(
        name=head.partition("(")[2],
        state=fields[0],
        parent=int(fields[1]),
        session=int(fields[3]),
        start=int(fields[19]),
    )
