"""The status of a container as its worker sees it, and what becomes of it in the status of its pod."""

from collections.abc import Mapping
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
        terminated: Whether it has ended and is not started again.
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
    terminated: bool = False

    @property
    def is_app(self) -> bool:
        """Whether it is an app container: sidecars are init containers, too."""
        return not self.container.init and not self.container.sidecar


def container_status(observed: ContainerStatus, reported: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a container in the status of its pod.

    Args:
        observed: Its status.
        reported: The entry as the API server has it; empty if it has none yet.
    """
    spec, state = observed.container.spec, observed.state
    entry = {
        "name": observed.container.name,
        "image": spec.get("image", ""),
        "imageID": image_id(observed.container, state),
        "ready": observed.completed if observed.container.init else observed.ready,
        "started": state.started,
        "restartCount": state.restarts,
        "state": _state(observed),
        "lastState": reported.get("lastState", {}),
    }
    if state.exit_code is not None and not _is_over(observed):
        end = _end(observed, state.exit_code)
        last = entry["lastState"].get("terminated", {})
        if not last or any(last.get(key) != end.get(key) for key in ("exitCode", "finishedAt")):
            entry["lastState"] = {"terminated": end}
    return entry


def _is_over(observed: ContainerStatus) -> bool:
    return observed.state.process is None and (observed.completed or observed.terminated)


def _state(observed: ContainerStatus) -> dict[str, Any]:
    if observed.state.process is not None:
        return {"running": {"startedAt": format_time(observed.state.since)}}
    if _is_over(observed):
        return {"terminated": _end(observed, observed.state.exit_code or 0)}
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


def _end(observed: ContainerStatus, code: int) -> dict[str, Any]:
    """Return an end as a kubelet reports it: 128 plus the number of the signal, if a signal was the cause."""
    state = observed.state
    times = {"startedAt": format_time(state.began), "finishedAt": format_time(state.ended or state.began)}
    if code == LOST:
        message = "The container could not be located when the pod was terminated"
        return {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message, **times}
    if observed.trouble and _is_over(observed):
        return {"exitCode": code, "reason": "StartError", "message": observed.trouble, **times}
    last_words = observed.message or (observed.last_line if code else "")
    return {
        "exitCode": code if code >= 0 else 128 - code,
        "reason": "Error" if code else "Completed",
        **({"signal": -code} if code < 0 else {}),
        **({"message": last_words} if last_words else {}),
        **times,
    }


def format_time(seconds: float) -> str:
    """Return a moment as the Kubernetes API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
