"""The status of a pod, as a kubelet would report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.nodeagent.pods import Container
from lab.nodeagent.processes import LOST
from lab.nodeagent.state import ContainerState


@dataclass(frozen=True)
class Sight:
    """The status of one container.

    Attributes:
        container: The container.
        state: Its past and its process.
        ready: Whether its readiness probe passes.
        pausing: Whether it waits to be started again.
        trouble: Why it cannot be started, if it cannot.
        last_line: The last line of the log of the process before, if one has ended.
    """

    container: Container
    state: ContainerState
    ready: bool
    pausing: bool
    trouble: str
    last_line: str = ""


def status(pod: Mapping[str, Any], sights: Sequence[Sight], now: datetime) -> dict[str, Any]:
    """Return what to change in a pod's status, as a strategic merge patch."""
    ready = all(sight.ready for sight in sights)
    names = [sight.container.name for sight in sights if not sight.ready]
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", [])]
    truth = {"PodReadyToStartContainers": True, "Initialized": _is_initialized(sights)}
    # Only a cloud's load balancer sets a gate, and the lab has no such load balancer.
    truth |= dict.fromkeys(gates, True)
    truth |= {"ContainersReady": ready, "Ready": ready}
    reported = {container["name"]: container for container in pod["status"].get("containerStatuses", [])}
    current = pod["status"]
    return {
        **{name: current[name] for name in ("podIP", "podIPs", "hostIP", "hostIPs") if name in current},
        "startTime": current.get("startTime") or _time(now),
        "phase": "Running" if any(sight.state.since and not sight.container.sidecar for sight in sights) else "Pending",
        "conditions": [_condition(pod, kind, fact, names, now) for kind, fact in truth.items()],
        "containerStatuses": [_container(sight, reported, now) for sight in sights if not sight.container.sidecar],
        "initContainerStatuses": _init(pod, sights, now),
    }


def _is_initialized(sights: Sequence[Sight]) -> bool:
    return all(sight.state.started for sight in sights if sight.container.sidecar)


def _condition(pod: Mapping[str, Any], kind: str, fact: bool, unready: Sequence[str], now: datetime) -> dict[str, Any]:
    before = {condition["type"]: condition for condition in pod["status"].get("conditions", [])}.get(kind, {})
    value = "True" if fact else "False"
    since = before.get("lastTransitionTime") if before.get("status") == value else None
    about = kind in ("Ready", "ContainersReady") and not fact
    return {
        "type": kind,
        "status": value,
        "lastTransitionTime": since or _time(now),
        "reason": "ContainersNotReady" if about else None,
        "message": f"containers with unready status: [{' '.join(unready)}]" if about else None,
    }


def _container(sight: Sight, reported: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    spec, state = sight.container.spec, sight.state
    image = spec.get("image", "")
    container = {
        "name": sight.container.name,
        "image": image,
        "imageID": image,
        "ready": sight.ready,
        "started": state.started,
        "restartCount": state.restarts,
        "state": _state(sight),
        "lastState": reported.get(sight.container.name, {}).get("lastState", {}),
    }
    if state.exit_code is not None:
        end = _end(state.exit_code) | ({"message": sight.last_line} if sight.last_line else {})
        last = container["lastState"].get("terminated", {})
        if not last or any(last.get(key) != end.get(key) for key in ("exitCode", "message")):
            container["lastState"] = {"terminated": {**end, "finishedAt": _time(now)}}
    return container


def _state(sight: Sight) -> dict[str, Any]:
    if sight.state.process is not None:
        return {"running": {"startedAt": _time(datetime.fromtimestamp(sight.state.since, UTC))}}
    if sight.trouble:
        return {"waiting": {"reason": "RunContainerError", "message": sight.trouble}}
    if sight.pausing:
        suffix = f": {sight.last_line}" if sight.last_line else ""
        message = f"it ended too soon and is started again later{suffix}"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return {"waiting": {"reason": "ContainerCreating" if not sight.state.since else "Restarting"}}


def _init(pod: Mapping[str, Any], sights: Sequence[Sight], now: datetime) -> list[dict[str, Any]]:
    """Return the statuses of the init containers: sidecars as they are, the others as done with."""
    reported = {container["name"]: container for container in pod["status"].get("initContainerStatuses", [])}
    sidecars = {sight.container.name: sight for sight in sights if sight.container.sidecar}
    statuses = []
    for container in pod["spec"].get("initContainers", []):
        if container["name"] in sidecars:
            statuses.append(_container(sidecars[container["name"]], reported, now))
            continue
        done = {"exitCode": 0, "reason": "Completed", "startedAt": _time(now), "finishedAt": _time(now)}
        image = container.get("image", "")
        fresh = {"name": container["name"], "image": image, "imageID": image, "ready": True, "started": False}
        previous = reported.get(container["name"])
        statuses.append(previous or {**fresh, "restartCount": 0, "state": {"terminated": done}})
    return statuses


def _end(code: int) -> dict[str, Any]:
    """Return an end as a kubelet reports it: 128 plus the number of the signal, if a signal was the cause."""
    if code == LOST:
        return {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    return {"exitCode": code if code >= 0 else 128 - code, "reason": "Error" if code else "Completed"}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
