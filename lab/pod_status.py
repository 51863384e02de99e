"""The pods of a lab, seen from outside: the node agent's word for how they are, the kernel's for what they cost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lab.folder import Folder
from lab.memory import ProcessUse


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


def pods(where: Folder, uses: Mapping[int, ProcessUse]) -> tuple[PodStatus, ...]:
    """Return the pods that the node agent runs, by namespace and name.

    Args:
        where: The lab's folder.
        uses: What the lab's processes use.
    """
    try:
        found = json.loads(where.pod_summary.read_text())
    except FileNotFoundError:
        return ()
    return tuple(sorted((_pod(one, uses) for one in found), key=lambda pod: (pod.namespace, pod.name)))


def _pod(content: Mapping[str, object], uses: Mapping[int, ProcessUse]) -> PodStatus:
    given = content["containers"]
    containers = tuple(ContainerStatus(**one) for one in given) if isinstance(given, list) else ()
    # Every container is a session of its own: see lab.nodeagent.processes.
    sessions = {one.pid for one in containers if one.pid}
    processes = [one for one in uses.values() if one.session in sessions]
    return PodStatus(
        namespace=str(content["namespace"]),
        name=str(content["name"]),
        address=str(content["address"]),
        ready=bool(containers) and all(one.ready for one in containers),
        processes=len(processes),
        memory=sum(one.memory for one in processes),
        containers=containers,
    )
