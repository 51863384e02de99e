"""The summary of the pods that the node agent writes for `boutique lab status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.nodeagent.container_worker import ContainerWorker
from lab.pod_status import ReportedContainer
from lab.supervision.process import host_pid


@dataclass(frozen=True)
class PodSummary:
    """The summary of a pod."""

    namespace: str
    name: str
    address: str
    containers: tuple[ReportedContainer, ...]


def summarize(pod: Mapping[str, Any], workers: Sequence[ContainerWorker]) -> PodSummary:
    """Return the summary of a pod."""
    metadata = pod["metadata"]
    containers = tuple(
        ReportedContainer(
            worker.container.name,
            worker.container.kind,
            worker.ready,
            worker.state.restarts,
            _pid(worker),
            _source(worker),
            worker.state.image or "",
        )
        for worker in workers
        if not worker.container.init
    )
    return PodSummary(metadata["namespace"], metadata["name"], pod["status"].get("podIP", ""), containers)


def _source(worker: ContainerWorker) -> str:
    if worker.container.kind != "app":
        return "tool"
    if worker.state.image is None:
        return ""
    return "image" if worker.state.image else "stand-in"


def _pid(worker: ContainerWorker) -> int:
    try:
        return host_pid(worker.state.process.pid) if worker.state.process else 0
    except ProcessLookupError:
        return 0
