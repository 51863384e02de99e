"""How a lab is doing, seen from outside."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from lab import record
from lab.folder import Folder, settings
from lab.record import ComponentRecord, State


@dataclass(frozen=True)
class LabStatus:
    """How a lab is doing.

    Attributes:
        name: Its name.
        state: How it is doing as a whole.
        ready: Whether it is running with every component.
        pid: The process number of its supervisor, 0 if there is none.
        uptime: Seconds since its start.
        awaited: What it is waiting for while it starts.
        failed: The component it failed for.
        api: The URL of its API server on the host; empty before the first start.
        https: The URL under which the host reaches the load balancer's HTTPS; empty before the first start.
        http: The same for its HTTP.
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
    folder: Path
    components: tuple[ComponentRecord, ...]


def status(where: Folder) -> LabStatus:
    """Say how a lab is doing, and clear away the record of one that was killed."""
    held = record.is_held(where.lock)
    found = record.read(where.record)
    if not held and found is not None and found.state != State.FAILED:
        _forget(where)
        found = None
    if found is None:
        found = record.LabRecord(State.STARTING if held else State.STOPPED)
    ports = settings(where).ports
    return LabStatus(
        name=where.name,
        state=found.state,
        ready=found.ready,
        pid=found.pid,
        uptime=max(0.0, time.time() - found.started) if found.pid else 0.0,
        awaited=found.awaited,
        failed=found.failed,
        api=_url("https", "127.0.0.1", ports.get("api")),
        https=_url("https", "localhost", ports.get("https")),
        http=_url("http", "localhost", ports.get("http")),
        folder=where.root,
        components=found.components,
    )


def _url(scheme: str, host: str, port: int | None) -> str:
    return f"{scheme}://{host}:{port}" if port else ""


def _forget(where: Folder) -> None:
    """Clear the record of a killed lab away, unless somebody starts it at this very moment."""
    lock = record.take(where.lock)
    if lock is not None:
        where.record.unlink(missing_ok=True)
        os.close(lock)
