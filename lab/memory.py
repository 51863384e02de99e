"""Measures the memory of a lab's processes."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.procfs import PROC, stat


@dataclass(frozen=True)
class ProcessUse:
    """The memory of a process.

    Attributes:
        session: The number of the session it belongs to.
        memory: The bytes it uses; shared memory counts in parts.
    """

    session: int
    memory: int


@dataclass(frozen=True)
class Memory:
    """The bytes that a lab uses.

    Attributes:
        control_plane: The components of the cluster, without istiod: that is a pod.
        pods: The processes of its pods.
        total: Both.
    """

    control_plane: int = 0
    pods: int = 0
    total: int = 0


def available_memory(system: Path = PROC) -> int:
    """Return the bytes that new processes can have without swapping: MemAvailable of proc(5)."""
    lines = (system / "meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def uses(supervisor: int, system: Path = PROC) -> dict[int, ProcessUse]:
    """Return the memory of every process of a lab, by its pid on the host.

    Args:
        supervisor: The number of the lab's supervisor, whose process namespace all others share, except for those of
            images: each of their containers has its own.
        system: Where procfs is mounted.
    """
    processes = {}
    lab = (system / str(supervisor) / "ns/pid").readlink()
    others: dict[Path, list[Path]] = {}
    for path in system.glob("[0-9]*"):
        # Other users' processes do not tell, and any of them may have ended by now.
        with suppress(OSError):
            namespace = (path / "ns/pid").readlink()
            if namespace == lab:
                processes[int(path.name)] = ProcessUse(stat(int(path.name), system).session, _memory(path))
            else:
                others.setdefault(namespace, []).append(path)
    for members in others.values():
        first = _first(members)
        with suppress(OSError):
            if first and stat(first, system).parent in processes:
                processes |= _container(first, members)
    return processes


def _first(members: Iterable[Path]) -> int:
    """Return the number of the first process of a process namespace; 0 if it is not among them."""
    for path in members:
        with suppress(OSError):
            lines = (path / "status").read_text().splitlines()
            numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
            if len(numbers) > 1 and numbers[-1] == "1":
                return int(path.name)
    return 0


def _container(first: int, members: Iterable[Path]) -> dict[int, ProcessUse]:
    """Return the memory of a container: all its processes count as of the session of its first one."""
    processes = {}
    for path in members:
        with suppress(OSError):
            processes[int(path.name)] = ProcessUse(first, _memory(path))
    return processes


def sum_memory(processes: Mapping[int, ProcessUse], sessions: Collection[int]) -> Memory:
    """Return the memory of a lab.

    Args:
        processes: All of its processes.
        sessions: The sessions of its pods' containers.
    """
    total = sum(process.memory for process in processes.values())
    pods = sum(process.memory for process in processes.values() if process.session in sessions)
    return Memory(total - pods, pods, total)


def _memory(process: Path) -> int:
    for line in (process / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
