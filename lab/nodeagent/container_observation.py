"""Returns the status of a container out of what its worker, its log and its termination log say."""

from contextlib import suppress
from pathlib import Path

from lab.nodeagent import logfiles, pod_files
from lab.nodeagent.container_status import ContainerStatus
from lab.nodeagent.container_worker import ContainerWorker

_LONGEST_MESSAGE = 4096
"""Bytes, as a kubelet reads of a termination log."""


def observe(worker: ContainerWorker, logs: Path, folder: Path) -> ContainerStatus:
    """Return the status of a container.

    Args:
        worker: Its worker.
        logs: The folder of the pod's logs.
        folder: The pod's folder.
    """
    state, last_line = worker.state, ""
    if state.exit_code is not None:
        ended = logfiles.current if state.process is None else logfiles.previous
        last_line = logfiles.last_line(ended(logs, worker.container.name))
    return ContainerStatus(
        worker.container,
        state,
        worker.ready,
        worker.pausing,
        worker.trouble,
        last_line,
        worker.trouble_reason,
        _message(worker, folder),
        worker.completed.is_set(),
        worker.terminated.is_set(),
    )


def _message(worker: ContainerWorker, folder: Path) -> str:
    """Return what a container that runs an image wrote for its status before it ended."""
    if not worker.state.image or worker.state.exit_code is None or worker.running:
        return ""
    path = pod_files.termination_log(folder / "files", worker.container.name)
    with suppress(OSError), path.open("rb") as file:
        return file.read(_LONGEST_MESSAGE).decode(errors="replace")
    return ""
