"""The state of a pod on disk, from which the next node agent recognizes the pod's processes."""

import json
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.nodeagent.processes import ProcessIdentity
from support.files import replace_file

_FILE = "state.json"


@dataclass(frozen=True)
class ContainerState:
    """The state of a container.

    Attributes:
        process: Its process, if it runs.
        since: When that was started, in seconds since the epoch.
        restarts: How often it was started again.
        exit_code: How it ended the last time.
        began: When the process that ended the last time was started.
        ended: When that ended; 0 if that is not known.
        started: Whether it has passed its startup probe.
        ready: Whether its readiness probe passes.
        image: The digest of the image that it runs; empty if a stand-in or a program of the lab runs in its place, None
            as long as neither is decided.
        stop_signal: What asks its process to end.
    """

    process: ProcessIdentity | None = None
    since: float = 0.0
    restarts: int = 0
    exit_code: int | None = None
    began: float = 0.0
    ended: float = 0.0
    started: bool = False
    ready: bool = False
    image: str | None = None
    stop_signal: int = signal.SIGTERM


@dataclass(frozen=True)
class PodState:
    """The state of a pod.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        address: Its address.
        holder: The process that keeps its network alive.
        containers: Its containers.
        ended: Whether all of them have ended for good, and its network is gone.
        expired: Whether that was because of its `activeDeadlineSeconds`.
    """

    namespace: str
    name: str
    address: str
    holder: ProcessIdentity
    containers: Mapping[str, ContainerState] = field(default_factory=dict)
    ended: bool = False
    expired: bool = False

    def write(self, folder: Path) -> None:
        """Keep it in the pod's folder."""
        replace_file(folder / _FILE, json.dumps(asdict(self)))


def read(folder: Path) -> PodState | None:
    """Return the state of a pod, if one was written."""
    try:
        content = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return None
    containers = {name: _container(container) for name, container in content.pop("containers").items()}
    return PodState(**{**content, "holder": ProcessIdentity(**content["holder"]), "containers": containers})


def _container(content: dict[str, Any]) -> ContainerState:
    process = content["process"]
    return ContainerState(**{**content, "process": ProcessIdentity(**process) if process else None})
