"""What the node agent tells `boutique lab status` about the pods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.nodeagent.keeper import Keeper
from lab.pod_status import ContainerStatus
from lab.supervision.process import host_pid


@dataclass(frozen=True)
class PodSummary:
    """One pod."""

    namespace: str
    name: str
    address: str
    containers: tuple[ContainerStatus, ...]


def summarize(pod: Mapping[str, Any], keepers: Sequence[Keeper]) -> PodSummary:
    """Return how a pod is doing."""
    metadata = pod["metadata"]
    containers = tuple(
        ContainerStatus(one.container.name, one.container.kind, one.ready, one.state.restarts, _pid(one))
        for one in keepers
    )
    return PodSummary(metadata["namespace"], metadata["name"], pod["status"].get("podIP", ""), containers)


def _pid(keeper: Keeper) -> int:
    try:
        return host_pid(keeper.state.process.pid) if keeper.state.process else 0
    except ProcessLookupError:
        return 0
