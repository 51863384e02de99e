"""Reads the pods, the proxies and the memory of a running lab."""

from dataclasses import dataclass, field

from lab.folder import Folder, settings
from lab.memory import Memory, sum_memory, uses
from lab.pod_status import PodStatus, pods
from lab.proxies import ProxyStatus, UnknownError, proxies
from lab.status import LabStatus


@dataclass(frozen=True)
class LabContents:
    """The pods, the proxies and the memory of a lab.

    Attributes:
        pods: The pods that really run.
        proxies: The proxies of those pods; None if they are unknown.
        proxies_error: Why the proxies are unknown; empty if they are known.
        memory: The memory of its processes.
    """

    pods: tuple[PodStatus, ...] = ()
    proxies: tuple[ProxyStatus, ...] | None = ()
    proxies_error: str = ""
    memory: Memory = field(default_factory=Memory)


def contents(folder: Folder, status: LabStatus) -> LabContents:
    """Return the pods, the proxies and the memory of a lab.

    Args:
        folder: Its folder.
        status: Its status as a whole.
    """
    try:
        used = uses(status.pid) if status.pid else {}
    except FileNotFoundError:
        # It has ended meanwhile.
        used = {}
    if not used:
        return LabContents()
    running = pods(folder, used)
    containers = [container for pod in running for container in pod.containers]
    memory = sum_memory(used, {container.pid for container in containers if container.pid})
    if not any(container.kind == "proxy" for container in containers):
        return LabContents(running, memory=memory)
    try:
        return LabContents(running, proxies(folder, settings(folder).ports["api"]), memory=memory)
    except UnknownError as error:
        return LabContents(running, None, str(error), memory)
