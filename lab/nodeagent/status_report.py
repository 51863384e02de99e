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
    """How one container is doing.

    Attributes:
        container: The container.
        state: Its past and its process.
        ready: Whether its readiness probe passes.
        pausing: Whether it waits to be started again.
        trouble: Why it cannot be started, if it cannot.
        said: The last words of the process before, if one has ended.
    """

    container: Container
    state: ContainerState
    ready: bool
    pausing: bool
    trouble: str
    said: str = ""


def status(pod: Mapping[str, Any], sights: Sequence[Sight], now: datetime) -> dict[str, Any]:
    """Return what to change in a pod's status, as a strategic merge patch."""
    ready = all(sight.ready for sight in sights)
    names = [sight.container.name for sight in sights if not sight.ready]
    gates = [one["conditionType"] for one in pod["spec"].get("readinessGates", [])]
    truth = {"PodReadyToStartContainers": True, "Initialized": _initialized(sights)}
    # Nobody but a cloud's load balancer sets a gate, and there is none here.
    truth |= dict.fromkeys(gates, True)
    truth |= {"ContainersReady": ready, "Ready": ready}
    reported = {one["name"]: one for one in pod["status"].get("containerStatuses", [])}
    known = pod["status"]
    return {
        **{name: known[name] for name in ("podIP", "podIPs", "hostIP", "hostIPs") if name in known},
        "startTime": known.get("startTime") or _time(now),
        "phase": "Running" if any(one.state.since and not one.container.sidecar for one in sights) else "Pending",
        "conditions": [_condition(pod, kind, fact, names, now) for kind, fact in truth.items()],
        "containerStatuses": [_container(one, reported, now) for one in sights if not one.container.sidecar],
        "initContainerStatuses": _init(pod, sights, now),
    }


def _initialized(sights: Sequence[Sight]) -> bool:
    return all(sight.state.started for sight in sights if sight.container.sidecar)


def _condition(pod: Mapping[str, Any], kind: str, fact: bool, unready: Sequence[str], now: datetime) -> dict[str, Any]:
    before = {one["type"]: one for one in pod["status"].get("conditions", [])}.get(kind, {})
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
    found = {
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
        end = _end(state.exit_code) | ({"message": sight.said} if sight.said else {})
        known = found["lastState"].get("terminated", {})
        if not known or any(known.get(key) != end.get(key) for key in ("exitCode", "message")):
            found["lastState"] = {"terminated": {**end, "finishedAt": _time(now)}}
    return found


def _state(sight: Sight) -> dict[str, Any]:
    if sight.state.process is not None:
        return {"running": {"startedAt": _time(datetime.fromtimestamp(sight.state.since, UTC))}}
    if sight.trouble:
        return {"waiting": {"reason": "RunContainerError", "message": sight.trouble}}
    if sight.pausing:
        words = f": {sight.said}" if sight.said else ""
        message = f"it ended too soon and is started again later{words}"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return {"waiting": {"reason": "ContainerCreating" if not sight.state.since else "Restarting"}}


def _init(pod: Mapping[str, Any], sights: Sequence[Sight], now: datetime) -> list[dict[str, Any]]:
    """Return the statuses of the init containers: sidecars as they are, the others as done with."""
    reported = {one["name"]: one for one in pod["status"].get("initContainerStatuses", [])}
    sidecars = {one.container.name: one for one in sights if one.container.sidecar}
    found = []
    for one in pod["spec"].get("initContainers", []):
        if one["name"] in sidecars:
            found.append(_container(sidecars[one["name"]], reported, now))
            continue
        done = {"exitCode": 0, "reason": "Completed", "startedAt": _time(now), "finishedAt": _time(now)}
        image = one.get("image", "")
        fresh = {"name": one["name"], "image": image, "imageID": image, "ready": True, "started": False}
        known = reported.get(one["name"])
        found.append(known or {**fresh, "restartCount": 0, "state": {"terminated": done}})
    return found


def _end(code: int) -> dict[str, Any]:
    """Return an end as a kubelet tells it: with 128 and the number of the signal, if one was the cause."""
    if code == LOST:
        return {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    return {"exitCode": code if code >= 0 else 128 - code, "reason": "Error" if code else "Completed"}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
