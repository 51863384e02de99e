"""Returns the status of a container out of what its keeper, its log and its termination log say."""

from contextlib import suppress
from pathlib import Path

from lab.nodeagent import logfiles, pod_files
from lab.nodeagent.keeper import Keeper
from lab.nodeagent.status_report import Sight

_LONGEST_MESSAGE = 4096
"""Bytes, as a kubelet reads of a termination log."""


def sight(keeper: Keeper, logs: Path, folder: Path) -> Sight:
    """Return the status of a container.

    Args:
        keeper: Its keeper.
        logs: The folder of the pod's logs.
        folder: The pod's folder.
    """
    state, last_line = keeper.state, ""
    if state.exit_code is not None:
        ended = logfiles.current if state.process is None else logfiles.previous
        last_line = logfiles.last_line(ended(logs, keeper.container.name))
    return Sight(
        keeper.container,
        state,
        keeper.ready,
        keeper.pausing,
        keeper.trouble,
        last_line,
        keeper.trouble_reason,
        _message(keeper, folder),
        keeper.completed.is_set(),
    )


def _message(keeper: Keeper, folder: Path) -> str:
    """Return what a container that runs an image wrote for its status before it ended."""
    if not keeper.state.image or keeper.state.exit_code is None or keeper.running:
        return ""
    path = pod_files.termination_log(folder / "files", keeper.container.name)
    with suppress(OSError), path.open("rb") as file:
        return file.read(_LONGEST_MESSAGE).decode(errors="replace")
    return ""
