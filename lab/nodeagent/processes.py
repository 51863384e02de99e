"""The processes of pods: starts them in a pod's network, and recognizes them after a restart of the node agent."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.nodeagent import networks
from lab.supervision.process import host_pid
from support.procfs import PROC, stat

LOST = -1000
"""The exit code of a process whose end was not observed. No signal has that number."""


@dataclass(frozen=True)
class ProcessIdentity:
    """The identity of a process: its number may be reused, but not with the same start time."""

    pid: int
    start: int


def identify(pid: int) -> ProcessIdentity | None:
    """Return the process that has that number now; None if no process has it."""
    try:
        return ProcessIdentity(pid, stat(host_pid(pid)).start)
    except (OSError, IndexError):
        return None


def is_alive(identity: ProcessIdentity) -> bool:
    """Say whether that very process lives."""
    try:
        process = stat(host_pid(identity.pid))
    except OSError:
        return False
    return not process.has_ended and process.start == identity.start


class Child(Protocol):
    """A child of this process."""

    def wait(self) -> int:
        """Wait for its end and return its exit code, negative for a signal."""


class PodProcess:
    """A process of a pod, own child or not, and its end."""

    def __init__(
        self,
        identity: ProcessIdentity,
        child: Child | None = None,
        stop_signal: int = signal.SIGTERM,
        find_end: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """Follow a process.

        Args:
            identity: The process.
            child: The same as a child, if it is one: only then its exit code can be read.
            stop_signal: What asks it to end.
            find_end: Finds the exit code of a process that is not a child; without it, that is unknown.
        """
        self._find_end = find_end
        self._finding: asyncio.Task[None] | None = None
        self.identity = identity
        self._child = child
        self.stop_signal = stop_signal
        loop = asyncio.get_running_loop()
        self.end: asyncio.Future[int] = loop.create_future()
        self._descriptor = os.pidfd_open(identity.pid)
        loop.add_reader(self._descriptor, self._on_end)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        if self._child is None and self._find_end is not None:
            self._finding = asyncio.create_task(self._find(self._find_end))
            return
        self._conclude(self._child.wait() if self._child is not None else LOST)

    async def _find(self, find_end: Callable[[], Awaitable[int]]) -> None:
        self._conclude(await find_end())

    def _conclude(self, code: int) -> None:
        # What it started dies with it, as in a container.
        self._signal_group(signal.SIGKILL)
        self.end.set_result(code)

    def terminate(self) -> None:
        """Ask it to end."""
        if not self.end.done():
            with suppress(ProcessLookupError):
                os.kill(self.identity.pid, self.stop_signal)

    def kill(self) -> None:
        """End it and what it started."""
        if not self.end.done():
            self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.identity.pid, number)


async def start(
    command: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path, network_of: int
) -> PodProcess:
    """Start a program in the network of another process, with its output at the end of a log.

    Raises:
        OSError: It cannot be started.
    """

    def spawn() -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=dict(variables),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    child = await asyncio.to_thread(networks.inside, network_of, spawn)
    identity = identify(child.pid)
    # A child that has ended keeps its number until it is waited for, which only Process does.
    return PodProcess(identity or ProcessIdentity(child.pid, 0), child)


def other_processes(network_of: int, own_pids: frozenset[int]) -> list[int]:
    """Return the processes in the network of another one that are neither it nor of a known process' session.

    Those in a process namespace of a known process' own, a container's, belong to it, in any session.
    """
    holder = host_pid(network_of)
    namespace = (PROC / str(holder) / "ns/net").stat().st_ino
    sessions = _host_pids(own_pids)
    depth = len(_numbers(PROC / str(holder)))
    known_namespaces = set()
    for pid in sessions:
        with suppress(OSError):
            if len(_numbers(PROC / str(pid))) > depth:
                known_namespaces.add((PROC / str(pid) / "ns/pid").stat().st_ino)
    pids = []
    for path in PROC.glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            number = int(path.name)
            inside = (path / "ns/net").stat().st_ino == namespace and number != holder
            if not inside or stat(number).session in sessions or (path / "ns/pid").stat().st_ino in known_namespaces:
                continue
            pids.append(_numbers(path)[depth - 1])
    return pids


def _host_pids(pids: Iterable[int]) -> set[int]:
    numbers = set()
    for pid in pids:
        with suppress(OSError):
            numbers.add(host_pid(pid))
    return numbers


def _numbers(process: Path) -> list[int]:
    """Return the numbers of a process, from the outermost process namespace to its own."""
    match = re.search(r"^NSpid:(.*)$", (process / "status").read_text(), re.MULTILINE)
    if not match:
        message = f"{process} has no process number here"
        raise ValueError(message)
    return [int(number) for number in match[1].split()]
