"""The phase of a pod and its conditions, out of the statuses of its containers, as a kubelet has them.

Upstream: https://github.com/kubernetes/kubernetes, pkg/kubelet/kubelet_pods.go (getPhase) and
pkg/kubelet/status/generate.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.nodeagent.container_status import ContainerStatus

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]

PHASES_OF_ENDED = ("Succeeded", "Failed")
_REASONS = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}


@dataclass(frozen=True)
class PodCondition:
    """A condition of a pod, as it is at this moment."""

    kind: str
    value: bool
    reason: str | None = None
    message: str | None = None


def phase(containers: Sequence[ContainerStatus], *, ended: bool, expired: bool = False) -> Phase:
    """Return the phase of a pod.

    Args:
        containers: Its containers.
        ended: Whether all of them have ended for good.
        expired: Whether the pod was ended because it took too long.
    """
    apps = [status for status in containers if status.is_app]
    if ended:
        # After a failed init container there is an app that has not run.
        failed = any(status.state.exit_code != 0 for status in apps)
        return "Failed" if failed or expired else "Succeeded"
    return "Running" if any(status.state.since for status in apps) else "Pending"


def conditions(containers: Sequence[ContainerStatus], gates: Sequence[str], phase: Phase) -> tuple[PodCondition, ...]:
    """Return the conditions of a pod.

    Args:
        containers: Its containers.
        gates: The conditions that its readiness waits for besides.
        phase: Its phase.
    """
    ended = phase in PHASES_OF_ENDED
    unready = [status.container.name for status in containers if not status.container.init and not status.ready]
    reason = _REASONS.get(phase)
    message = None if reason else f"containers with unready status: [{' '.join(unready)}]"
    about = (reason or "ContainersNotReady", message) if unready or reason else (None, None)
    return (
        PodCondition("PodReadyToStartContainers", not ended),
        _initialized(containers, ended=ended),
        # Only a cloud's load balancer sets a gate, and the lab has no such load balancer.
        *(PodCondition(gate, value=True) for gate in gates),
        PodCondition("ContainersReady", not unready and not ended, *about),
        PodCondition("Ready", not unready and not ended, *about),
    )


def _initialized(containers: Sequence[ContainerStatus], *, ended: bool) -> PodCondition:
    incomplete = [status.container.name for status in containers if status.container.init and not status.completed]
    if ended:
        if not incomplete:
            return PodCondition("Initialized", value=True, reason="PodCompleted")
    else:
        incomplete += [
            status.container.name for status in containers if status.container.sidecar and not status.state.started
        ]
    if not incomplete:
        return PodCondition("Initialized", value=True)
    message = f"containers with incomplete status: [{' '.join(incomplete)}]"
    return PodCondition("Initialized", value=False, reason="ContainersNotInitialized", message=message)
