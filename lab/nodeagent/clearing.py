"""Clears away what is left of pods: processes, networks, folders."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lab.containers import syscalls
from lab.nodeagent import networks, processes
from lab.nodeagent.processes import ProcessIdentity
from lab.nodeagent.state import ContainerState, PodState
from support.folder_removal import remove_folder


def dissolve(holder: ProcessIdentity, address: str) -> None:
    """End everything in a pod's network, and the network."""
    if processes.is_alive(holder):
        kill_other_processes(holder.pid, frozenset())
        os.kill(holder.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(holder.pid, 0)
    networks.remove(address)


def end_all(past: Mapping[str, ContainerState]) -> None:
    """End the processes of a network that was lost: a new one takes its place."""
    for container in past.values():
        if container.process and processes.is_alive(container.process):
            with suppress(ProcessLookupError):
                os.killpg(container.process.pid, signal.SIGKILL)


def kill_other_processes(holder: int, own_pids: frozenset[int]) -> None:
    """End the processes in a pod's network that do not belong to its containers."""
    for pid in processes.other_processes(holder, own_pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def leave_nothing(folder: Path, past: PodState | None) -> None:
    """Clear away what is left of a pod that is gone."""
    if past is not None:
        dissolve(past.holder, past.address)
    for volume in (folder / "volumes").glob("*"):
        if volume.is_mount():
            syscalls.unmount(str(volume))
    with suppress(OSError):
        remove_folder(folder)
