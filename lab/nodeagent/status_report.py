"""The status of a pod, as a kubelet would report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.nodeagent.image_ids import image_id
from lab.nodeagent.pods import Container
from lab.nodeagent.processes import LOST
from lab.nodeagent.state import ContainerState


@dataclass(frozen=True)
class ContainerStatus:
    """The status of one container.

    Attributes:
        container: The container.
        state: Its past and its process.
        ready: Whether its readiness probe passes.
        pausing: Whether it waits to be started again.
        trouble: Why it cannot be started, if it cannot.
        trouble_reason: The same in one word, as a kubelet has it.
        message: What it wrote to its termination log before it ended, if it did.
        completed: Whether it is an init container that has done its work.
        last_line: The last line of the log of the process before, if one has ended.
    """

    container: Container
    state: ContainerState
    ready: bool
    pausing: bool
    trouble: str
    last_line: str = ""
    trouble_reason: str = "RunContainerError"
    message: str = ""
    completed: bool = False


def status(pod: Mapping[str, Any], containers: Sequence[ContainerStatus], now: datetime) -> dict[str, Any]:
    """Return what to change in a pod's status, as a strategic merge patch."""
    staying = [observed for observed in containers if not observed.container.init]
    ready = all(observed.ready for observed in staying)
    names = [observed.container.name for observed in staying if not observed.ready]
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", [])]
    truth = {"PodReadyToStartContainers": True, "Initialized": _is_initialized(containers)}
    # Only a cloud's load balancer sets a gate, and the lab has no such load balancer.
    truth |= dict.fromkeys(gates, True)
    truth |= {"ContainersReady": ready, "Ready": ready}
    reported = {container["name"]: container for container in pod["status"].get("containerStatuses", [])}
    current = pod["status"]
    return {
        **{name: current[name] for name in ("podIP", "podIPs", "hostIP", "hostIPs") if name in current},
        "startTime": current.get("startTime") or _time(now),
        "phase": "Running"
        if any(observed.state.since and not observed.container.sidecar for observed in staying)
        else "Pending",
        "conditions": [_condition(pod, kind, fact, names, now) for kind, fact in truth.items()],
        "containerStatuses": [
            _container(observed, reported, now) for observed in staying if not observed.container.sidecar
        ],
        "initContainerStatuses": _init(pod, containers, now),
    }


def _is_initialized(containers: Sequence[ContainerStatus]) -> bool:
    sidecars = all(observed.state.started for observed in containers if observed.container.sidecar)
    return sidecars and all(observed.completed for observed in containers if observed.container.init)


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


def _container(observed: ContainerStatus, reported: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    spec, state = observed.container.spec, observed.state
    image = spec.get("image", "")
    container = {
        "name": observed.container.name,
        "image": image,
        "imageID": image_id(observed.container, state),
        "ready": observed.completed if observed.container.init else observed.ready,
        "started": state.started,
        "restartCount": state.restarts,
        "state": _state(observed),
        "lastState": reported.get(observed.container.name, {}).get("lastState", {}),
    }
    if state.exit_code is not None:
        last_words = observed.message or observed.last_line
        end = _end(state.exit_code) | ({"message": last_words} if last_words else {})
        last = container["lastState"].get("terminated", {})
        if not last or any(last.get(key) != end.get(key) for key in ("exitCode", "message")):
            container["lastState"] = {"terminated": {**end, "finishedAt": _time(now)}}
    return container


def _state(observed: ContainerStatus) -> dict[str, Any]:
    if observed.state.process is not None:
        return {"running": {"startedAt": _time(datetime.fromtimestamp(observed.state.since, UTC))}}
    if observed.completed:
        return {"terminated": {**_end(0), "startedAt": _time(datetime.fromtimestamp(observed.state.since, UTC))}}
    if observed.trouble:
        reason, message = observed.trouble_reason, observed.trouble
        if observed.pausing and reason == "ErrImagePull":
            image = observed.container.spec.get("image", "")
            reason, message = "ImagePullBackOff", f'Back-off pulling image "{image}": {reason}: {message}'
        return {"waiting": {"reason": reason, "message": message}}
    if observed.pausing:
        suffix = f": {observed.last_line}" if observed.last_line else ""
        message = f"it ended too soon and is started again later{suffix}"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return {"waiting": {"reason": "ContainerCreating" if not observed.state.since else "Restarting"}}


def _init(pod: Mapping[str, Any], containers: Sequence[ContainerStatus], now: datetime) -> list[dict[str, Any]]:
    """Return the statuses of the init containers: as they are, or as done with if none runs in their place."""
    reported = {container["name"]: container for container in pod["status"].get("initContainerStatuses", [])}
    known = {
        observed.container.name: observed
        for observed in containers
        if observed.container.sidecar or observed.container.init
    }
    statuses = []
    for container in pod["spec"].get("initContainers", []):
        observed = known.get(container["name"])
        if observed is not None and (observed.container.sidecar or observed.state.image != ""):
            statuses.append(_container(observed, reported, now))
            continue
        done = {"exitCode": 0, "reason": "Completed", "startedAt": _time(now), "finishedAt": _time(now)}
        image = container.get("image", "")
        known_id = image_id(observed.container, observed.state) if observed else image
        fresh = {"name": container["name"], "image": image, "imageID": known_id, "ready": True, "started": False}
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
