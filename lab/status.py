"""The status of a lab, seen from outside."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from lab import record
from lab.container_mode import ContainerMode
from lab.containers.resource_limits import read_limit_groups
from lab.folder import Folder, settings
from lab.record import ComponentRecord, State


@dataclass(frozen=True)
class LabStatus:
    """The status of a lab.

    Attributes:
        name: Its name.
        state: Its state as a whole.
        ready: Whether it is running with every component.
        pid: The process number of its supervisor, 0 if it does not run.
        uptime: Seconds since its start.
        awaited: The component that it waits for while it starts.
        failed: The component it failed for.
        api: The URL of its API server on the host; empty before the first start.
        https: The URL under which the host reaches the load balancer's HTTPS; empty before the first start.
        http: The same for its HTTP.
        containers: What new containers run: see lab.container_mode.
        limits: Why limits of CPU and memory are not enforced; empty if they are.
        folder: Its folder.
        components: Its processes, in the order of their start.
    """

    name: str
    state: State
    ready: bool
    pid: int
    uptime: float
    awaited: str
    failed: str
    api: str
    https: str
    http: str
    containers: ContainerMode
    limits: str
    folder: Path
    components: tuple[ComponentRecord, ...]


def status(folder: Folder) -> LabStatus:
    """Return the status of a lab, and remove the record of one that was killed."""
    is_held = record.is_held(folder.lock)
    current = record.read(folder.record)
    if not is_held and current is not None and current.state != State.FAILED:
        _forget(folder)
        current = None
    if current is None:
        current = record.LabRecord(State.STARTING if is_held else State.STOPPED)
    kept = settings(folder)
    ports = kept.ports
    return LabStatus(
        name=folder.name,
        state=current.state,
        ready=current.ready,
        pid=current.pid,
        uptime=max(0.0, time.time() - current.started) if current.pid else 0.0,
        awaited=current.awaited,
        failed=current.failed,
        api=_url("https", "127.0.0.1", ports.get("api")),
        https=_url("https", "localhost", ports.get("https")),
        http=_url("http", "localhost", ports.get("http")),
        containers=kept.containers,
        limits=read_limit_groups(folder.limits).reason,
        folder=folder.root,
        components=current.components,
    )


def _url(scheme: str, host: str, port: int | None) -> str:
    return f"{scheme}://{host}:{port}" if port else ""


def _forget(folder: Folder) -> None:
    """Remove the record of a killed lab, unless the lab is being started at this moment."""
    lock = record.take(folder.lock)
    if lock is not None:
        folder.record.unlink(missing_ok=True)
        os.close(lock)
