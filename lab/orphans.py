"""Ends the orphans of a killed `pulumi`: its language host and its providers, which would wait for minutes."""

import os
import signal
from pathlib import Path

from support.procfs import PROC, stat

_LIVE = "pulumi"
_SCRIPT = "pulumi-language-python-exec"
_PARTS = ("pulumi-language-", "pulumi-resource-")


def end(pulumi_home: Path) -> list[str]:
    """End the parts of Pulumi that work for one lab and belong to no `pulumi` that lives, and return their names.

    Args:
        pulumi_home: The lab's own `PULUMI_HOME`, which its processes have in their environment.
    """
    ended = []
    for entry in PROC.glob("[0-9]*"):
        part = _part(entry, pulumi_home)
        if part and not _has_live_ancestor(int(entry.name)):
            try:
                os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
            ended.append(part)
    return sorted(ended)


def _part(entry: Path, pulumi_home: Path) -> str:
    """Return the name of the part of Pulumi that a process runs for a lab, or nothing if it runs none."""
    try:
        program = (entry / "exe").readlink().name
        command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        environment = (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    if f"PULUMI_HOME={pulumi_home}".encode() not in environment:
        return ""
    if program.startswith(_PARTS):
        return program
    # The program of a stack runs under an interpreter, with this script of Pulumi's before the program's own name.
    runs_script = program.startswith("python") and any(Path(argument).name == _SCRIPT for argument in command[1:4])
    return _SCRIPT if runs_script else ""


def _has_live_ancestor(pid: int) -> bool:
    while pid > 1:
        try:
            process = stat(pid)
        except OSError:
            return False
        if process.name == _LIVE:
            return True
        pid = process.parent
    return False
