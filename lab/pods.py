"""The pods of a lab, seen from outside: the node agent's word for how they are, the kernel's for what they cost."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.folder import Folder
from lab.procfs import PROC, stat


@dataclass(frozen=True)
class ContainerStatus:
    """One container.

    Attributes:
        name: Its name.
        kind: What runs for it: `proxy`, `istiod` or `app`.
        ready: Whether its readiness probe passes.
        restarts: How often it was started again.
        pid: Its process number on the host, 0 if it does not run.
    """

    name: str
    kind: str
    ready: bool
    restarts: int
    pid: int


@dataclass(frozen=True)
class PodStatus:
    """One pod.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        address: Its address inside the lab.
        ready: Whether every container is.
        processes: How many processes run for it.
        memory: The bytes they use; what they share with others counts in parts.
        containers: Its containers.
    """

    namespace: str
    name: str
    address: str
    ready: bool
    processes: int
    memory: int
    containers: tuple[ContainerStatus, ...]


def pods(where: Folder, system: Path = PROC) -> tuple[PodStatus, ...]:
    """Return the pods that the node agent runs, by namespace and name.

    Args:
        where: The lab's folder.
        system: Where the kernel tells of processes.
    """
    try:
        found = json.loads(where.pod_summary.read_text())
    except FileNotFoundError:
        return ()
    sessions = _sessions(system)
    return tuple(sorted((_pod(one, sessions, system) for one in found), key=lambda pod: (pod.namespace, pod.name)))


def _pod(content: Mapping[str, object], sessions: Mapping[int, Sequence[int]], system: Path) -> PodStatus:
    given = content["containers"]
    containers = tuple(ContainerStatus(**one) for one in given) if isinstance(given, list) else ()
    # Every container is a session of its own: see lab.nodeagent.processes.
    processes = [pid for one in containers if one.pid for pid in sessions.get(one.pid, ())]
    return PodStatus(
        namespace=str(content["namespace"]),
        name=str(content["name"]),
        address=str(content["address"]),
        ready=bool(containers) and all(one.ready for one in containers),
        processes=len(processes),
        memory=sum(_memory(system, pid) for pid in processes),
        containers=containers,
    )


def _sessions(system: Path) -> dict[int, list[int]]:
    """Return the processes of each session."""
    found: dict[int, list[int]] = defaultdict(list)
    for path in system.glob("[0-9]*"):
        with suppress(OSError):
            found[stat(int(path.name), system).session].append(int(path.name))
    return found


def _memory(system: Path, pid: int) -> int:
    with suppress(OSError):
        for line in (system / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
