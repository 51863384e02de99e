"""Starts processes and learns of their end; made for a supervisor that is process 1 of its own process namespace."""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Processes:
    """The children of this process. It alone waits for them, orphans included, so nothing else may."""

    def __init__(self, note_orphan: Callable[[int, int], None]) -> None:
        """Prepare to start processes.

        Args:
            note_orphan: Is called with the number and the exit code of each orphan that has ended.
        """
        self._note_orphan = note_orphan
        self._ends: dict[int, asyncio.Future[int]] = {}

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> "SupervisedProcess":
        """Start a program whose output goes to the end of a log.

        Raises:
            OSError: It cannot be started.
        """
        appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            command[0],
            list(command),
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
        )
        end = asyncio.get_running_loop().create_future()
        self._ends[pid] = end
        return SupervisedProcess(pid, end)

    def reap(self) -> None:
        """Record every child that has ended: the handler of SIGCHLD."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            end, code = self._ends.pop(pid, None), os.waitstatus_to_exitcode(status)
            if end is not None:
                end.set_result(code)
            else:
                self._note_orphan(pid, code)


class SupervisedProcess:
    """A child: its number in this namespace and on the host, and its end."""

    def __init__(self, pid: int, end: "asyncio.Future[int]") -> None:
        self._pid = pid
        self.end = end
        self.host_pid = host_pid(pid)

    async def stop(self, grace: float) -> None:
        """Stop it by SIGTERM, and after the grace period by SIGKILL."""
        if self.end.done():
            return
        os.kill(self._pid, signal.SIGTERM)
        await asyncio.wait([self.end], timeout=grace)
        if not self.end.done():
            os.kill(self._pid, signal.SIGKILL)
            await asyncio.wait([self.end])


def host_pid(pid: int) -> int:
    """Return the number under which the host knows a process of this namespace.

    The /proc that is seen here is the host's, and speaks of processes by the host's numbers: proc_pid_fdinfo(5).
    """
    descriptor = os.pidfd_open(pid)
    try:
        match = re.search(r"^Pid:\s+(\d+)$", Path(f"/proc/self/fdinfo/{descriptor}").read_text(), re.MULTILINE)
    finally:
        os.close(descriptor)
    return int(match[1]) if match else 0


def own_host_pid() -> int:
    """Return the number under which the host knows this process."""
    return int(os.readlink("/proc/self"))  # noqa: PTH115 - a Path would resolve it, and /proc/self has to be read here
