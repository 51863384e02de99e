"""The pods of a lab, seen from outside: their status from the node agent, their memory from the kernel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lab.folder import Folder
from lab.memory import ProcessUse


@dataclass(frozen=True)
class ReportedContainer:
    """The status of a container.

    Attributes:
        name: Its name.
        kind: Its program: `proxy`, `istiod` or `app`.
        ready: Whether its readiness probe passes.
        restarts: How often it was started again.
        pid: Its process number on the host, 0 if it does not run.
        source: The kind of its program: `image`, `stand-in` or `tool`, one of the lab's own; empty until it is started.
        image: The digest of the image that it runs.
    """

    name: str
    kind: str
    ready: bool
    restarts: int
    pid: int
    source: str = ""
    image: str = ""


@dataclass(frozen=True)
class PodStatus:
    """The status of a pod.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        address: Its address inside the lab.
        ready: Whether every container is.
        processes: How many processes run for it.
        memory: The bytes they use; shared memory counts in parts.
        containers: Its containers.
    """

    namespace: str
    name: str
    address: str
    ready: bool
    processes: int
    memory: int
    containers: tuple[ReportedContainer, ...]


def pods(folder: Folder, uses: Mapping[int, ProcessUse]) -> tuple[PodStatus, ...]:
    """Return the pods that the node agent runs, by namespace and name.

    Args:
        folder: The lab's folder.
        uses: The memory of the lab's processes.
    """
    try:
        summaries = json.loads(folder.pod_summary.read_text())
    except FileNotFoundError:
        return ()
    return tuple(sorted((_pod(summary, uses) for summary in summaries), key=lambda pod: (pod.namespace, pod.name)))


def _pod(content: Mapping[str, object], uses: Mapping[int, ProcessUse]) -> PodStatus:
    described = content["containers"]
    containers = tuple(ReportedContainer(**container) for container in described) if isinstance(described, list) else ()
    # Every container is a session of its own: see lab.nodeagent.processes.
    sessions = {container.pid for container in containers if container.pid}
    processes = [process for process in uses.values() if process.session in sessions]
    return PodStatus(
        namespace=str(content["namespace"]),
        name=str(content["name"]),
        address=str(content["address"]),
        ready=bool(containers) and all(container.ready for container in containers),
        processes=len(processes),
        memory=sum(process.memory for process in processes),
        containers=containers,
    )
