"""The summary of the pods that the node agent writes for `boutique lab status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.nodeagent.keeper import Keeper
from lab.pod_status import ContainerStatus
from lab.supervision.process import host_pid


@dataclass(frozen=True)
class PodSummary:
    """The summary of a pod."""

    namespace: str
    name: str
    address: str
    containers: tuple[ContainerStatus, ...]


def summarize(pod: Mapping[str, Any], keepers: Sequence[Keeper]) -> PodSummary:
    """Return the summary of a pod."""
    metadata = pod["metadata"]
    containers = tuple(
        ContainerStatus(
            keeper.container.name,
            keeper.container.kind,
            keeper.ready,
            keeper.state.restarts,
            _pid(keeper),
            _source(keeper),
            keeper.state.image or "",
        )
        for keeper in keepers
        if not keeper.container.init
    )
    return PodSummary(metadata["namespace"], metadata["name"], pod["status"].get("podIP", ""), containers)


def _source(keeper: Keeper) -> str:
    if keeper.container.kind != "app":
        return "tool"
    if keeper.state.image is None:
        return ""
    return "image" if keeper.state.image else "stand-in"


def _pid(keeper: Keeper) -> int:
    try:
        return host_pid(keeper.state.process.pid) if keeper.state.process else 0
    except ProcessLookupError:
        return 0
