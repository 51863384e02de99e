"""The status of a pod, as a kubelet would report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.nodeagent import pod_phase
from lab.nodeagent.container_status import ContainerStatus, container_status, format_time
from lab.nodeagent.image_ids import image_id
from lab.nodeagent.pod_phase import PodCondition

_EXPIRED = {
    "reason": "DeadlineExceeded",
    "message": "Pod was active on the node longer than the specified deadline",
}


@dataclass(frozen=True)
class PodReport:
    """What is to be reported of a pod.

    Attributes:
        pod: The pod as it was last seen.
        containers: Its containers.
        ended: Whether all of them have ended for good.
        expired: Whether that was because of its `activeDeadlineSeconds`.
    """

    pod: Mapping[str, Any]
    containers: Sequence[ContainerStatus]
    ended: bool = False
    expired: bool = False


def status(report: PodReport, now: datetime) -> dict[str, Any]:
    """Return what to change in a pod's status, as a strategic merge patch."""
    current, containers, time = report.pod["status"], report.containers, format_time(now.timestamp())
    gates = [gate["conditionType"] for gate in report.pod["spec"].get("readinessGates", [])]
    reported = {container["name"]: container for container in current.get("containerStatuses", [])}
    phase = pod_phase.phase(containers, ended=report.ended, expired=report.expired)
    return {
        **{name: current[name] for name in ("podIP", "podIPs", "hostIP", "hostIPs") if name in current},
        "startTime": current.get("startTime") or time,
        "phase": phase,
        **(_EXPIRED if report.ended and report.expired else {}),
        "conditions": [
            _condition(current, condition, time) for condition in pod_phase.conditions(containers, gates, phase)
        ],
        "containerStatuses": [
            container_status(observed, reported.get(observed.container.name, {}))
            for observed in containers
            if observed.is_app
        ],
        "initContainerStatuses": _init(report.pod, containers, time),
    }


def _condition(current: Mapping[str, Any], condition: PodCondition, time: str) -> dict[str, Any]:
    before = {known["type"]: known for known in current.get("conditions", [])}.get(condition.kind, {})
    value = "True" if condition.value else "False"
    since = before.get("lastTransitionTime") if before.get("status") == value else None
    return {
        "type": condition.kind,
        "status": value,
        "lastTransitionTime": since or time,
        "reason": condition.reason,
        "message": condition.message,
    }


def _init(pod: Mapping[str, Any], containers: Sequence[ContainerStatus], time: str) -> list[dict[str, Any]]:
    """Return the statuses of the init containers: as they are, or as done with if none runs in their place."""
    reported = {container["name"]: container for container in pod["status"].get("initContainerStatuses", [])}
    known = {observed.container.name: observed for observed in containers if not observed.is_app}
    statuses = []
    for container in pod["spec"].get("initContainers", []):
        observed = known.get(container["name"])
        if observed is not None and (observed.container.sidecar or observed.state.image != ""):
            statuses.append(container_status(observed, reported.get(container["name"], {})))
            continue
        done = {"exitCode": 0, "reason": "Completed", "startedAt": time, "finishedAt": time}
        image = container.get("image", "")
        known_id = image_id(observed.container, observed.state) if observed else image
        fresh = {"name": container["name"], "image": image, "imageID": known_id, "ready": True, "started": False}
        previous = reported.get(container["name"])
        statuses.append(previous or {**fresh, "restartCount": 0, "state": {"terminated": done}})
    return statuses
