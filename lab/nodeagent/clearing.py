"""Clears away what is left of pods: processes, networks, folders."""

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lab.nodeagent import networks, processes
from lab.nodeagent.processes import ProcessIdentity
from lab.nodeagent.state import ContainerState, PodState


def dissolve(holder: ProcessIdentity, address: str) -> None:
    """End everything in a pod's network, and the network."""
    if processes.lives(holder):
        kill_strangers(holder.pid, frozenset())
        os.kill(holder.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(holder.pid, 0)
    networks.remove(address)


def end_all(past: Mapping[str, ContainerState]) -> None:
    """End the processes of a network that was lost: a new one takes its place."""
    for one in past.values():
        if one.process and processes.lives(one.process):
            with suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)


def kill_strangers(holder: int, known: frozenset[int]) -> None:
    """End what runs in a pod's network and is not known to belong there."""
    for pid in processes.strangers(holder, known):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def leave_nothing(folder: Path, past: PodState | None) -> None:
    """Clear away what is left of a pod that is gone."""
    if past is not None:
        dissolve(past.holder, past.address)
    shutil.rmtree(folder, ignore_errors=True)
