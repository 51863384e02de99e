"""What there is of a lab on the machine: processes, namespaces, mounts, sockets. All of it is read from /proc."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from support.procfs import stat

_NAMESPACES = ("mnt", "pid", "net", "user", "ipc", "uts")
_LISTENING = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


class Process(NamedTuple):
    """A process: its number may be reused, but not with the same start time."""

    pid: int
    start: int


class Remains(NamedTuple):
    """Processes, and the namespaces that they were in and this process is not, as links in /proc name them."""

    processes: frozenset[Process]
    namespaces: frozenset[str]


def descendants(pid: int) -> Remains:
    """Return what descends from a process, itself included."""
    parents = {number: stat(number) for number in _numbers()}
    family = {pid}
    while grown := {number for number, process in parents.items() if process.parent in family} - family:
        family |= grown
    namespaces = {link for number in family for link in _namespaces(Path(f"/proc/{number}"))}
    processes = frozenset(Process(number, parents[number].start) for number in family)
    return Remains(processes, frozenset(namespaces - set(_namespaces(Path("/proc/self")))))


def find_remains(before: Remains, folder: Path) -> list[str]:
    """Return what is left of a lab anywhere on the machine.

    Args:
        before: What there was when it ran.
        folder: The lab's folder, which no other process may mention.
    """
    remains = []
    name = str(folder).encode()
    for number in _numbers():
        process = Path(f"/proc/{number}")
        try:
            state = stat(number)
            if state.has_ended:
                continue
            if Process(number, state.start) in before.processes:
                remains.append(f"process {number}")
            if number == os.getpid():
                continue
            files = ("cmdline", "environ", "mountinfo")
            remains += [f"{file} of process {number}" for file in files if name in (process / file).read_bytes()]
            remains += [f"{link} of process {number}" for link in _namespaces(process) if link in before.namespaces]
            for descriptor in (process / "fd").iterdir():
                target = str(descriptor.readlink())
                if target in before.namespaces or target.startswith(f"{folder}/"):
                    remains.append(f"{target}, open in process {number}")
        except OSError:
            continue
    return remains


def listening_sockets(processes: Remains) -> set[str]:
    """Return the addresses and ports of this machine's network at which processes listen or receive."""
    inodes = set()
    for process in processes.processes:
        try:
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                inodes.add(str(descriptor.readlink()))
        except OSError:
            continue
    addresses = set()
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            listens = fields[3] == _LISTENING or protocol.startswith("udp")
            if listens and f"socket:[{fields[9]}]" in inodes:
                host, port = fields[1].split(":")
                addresses.add(f"{protocol} {host} {int(port, 16)}")
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[7].startswith("@") and f"socket:[{fields[6]}]" in inodes:
            addresses.add(f"unix {fields[7]}")
    return addresses


def _numbers() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def _namespaces(process: Path) -> Iterator[str]:
    for name in _NAMESPACES:
        try:
            yield str((process / "ns" / name).readlink())
        except OSError:
            continue
