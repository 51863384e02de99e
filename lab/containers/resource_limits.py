"""Limits of memory and CPU for containers, by cgroup v2, where a part of its tree is the user's own.

`systemd-run --user --scope -p Delegate=yes boutique lab up` starts a lab in such a part. It makes two groups there: one
for itself, since a group with processes can have no groups with limits below it, and one for its containers.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from lab.nodeagent.pods import quantity
from support.files import replace_file

CONTROLLERS = ("cpu", "memory")
_REMEDY = "start it with: systemd-run --user --scope -p Delegate=yes boutique lab up"
_PERIOD = 100_000
"""Microseconds, the kernel's default: a limit of one CPU is as many in each."""

_LEAST_QUOTA = 1_000
"""The kernel takes no less."""

_PATIENCE = 5.0
_POLL = 0.01


class LimitGroups(NamedTuple):
    """Where the groups of a lab's containers are.

    Attributes:
        folder: Their parent; empty if limits are not enforced.
        reason: Why they are not.
    """

    folder: str = ""
    reason: str = "the lab has not been started yet"


def write_limit_groups(path: Path, groups: LimitGroups) -> None:
    """Keep where the groups of a lab are."""
    replace_file(path, json.dumps(groups._asdict()))


def read_limit_groups(path: Path) -> LimitGroups:
    """Return what was written last."""
    try:
        return LimitGroups(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return LimitGroups()


def prepare_limits(lab: str, process: Path = Path("/proc/self")) -> LimitGroups:
    """Make the groups of a lab, and move this process, which starts it, into the lab's own.

    Args:
        lab: The lab's name.
        process: This process in /proc.
    """
    try:
        parent = _find_group(process)
        missing = sorted(set(CONTROLLERS) - set((parent / "cgroup.controllers").read_text().split()))
        if missing:
            return LimitGroups("", f"cgroup v2 has no controller {' and '.join(missing)} in {parent}; {_REMEDY}")
        if not all(os.access(parent / name, os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")):
            return LimitGroups("", f"the cgroup {parent} is not yours to change; {_REMEDY}")
        others = set((parent / "cgroup.procs").read_text().split()) - {str(os.getpid())}
        if others:
            return LimitGroups("", f"{len(others)} other processes are in the cgroup {parent}; {_REMEDY}")
        own, containers = parent / f"lab-{lab}", parent / f"lab-{lab}-containers"
        for group in (own, containers):
            group.mkdir(exist_ok=True)
        for group in containers.iterdir():
            # Of a lab that was killed; the others are the kernel's own files.
            if group.is_dir():
                remove_group(group)
        (own / "cgroup.procs").write_text("0")
        for group in (parent, containers):
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
    except OSError as error:
        return LimitGroups("", f"{error.filename or 'cgroup v2'}: {error.strerror or error}; {_REMEDY}")
    return LimitGroups(str(containers), "")


def create_group(group: Path, resources: Mapping[str, Any]) -> Path:
    """Make the empty group of a container with its limits, and end what is left in an earlier one of its name.

    Args:
        group: Its path.
        resources: The container's `resources`.

    Raises:
        OSError: The kernel refuses it.
        ValueError: A limit is not a quantity.
    """
    remove_group(group)
    group.mkdir()
    for file, value in limit_values(resources.get("limits") or {}).items():
        (group / file).write_text(value)
    return group


def limit_values(limits: Mapping[str, Any]) -> dict[str, str]:
    """Return what a group's files have to say for limits: a kubelet writes the same.

    Raises:
        ValueError: A limit is not a quantity.
    """
    values = {}
    if "memory" in limits:
        # Without swap, and all processes of the container end together.
        values = {
            "memory.max": str(int(quantity(str(limits["memory"])))),
            "memory.swap.max": "0",
            "memory.oom.group": "1",
        }
    if "cpu" in limits:
        values["cpu.max"] = f"{max(_LEAST_QUOTA, int(quantity(str(limits['cpu'])) * _PERIOD))} {_PERIOD}"
    return values


def remove_group(group: Path) -> None:
    """End all processes of a group and remove it; nothing happens if it is not there.

    Raises:
        OSError: It cannot be removed.
    """
    if not group.is_dir():
        return
    # Before Linux 5.14 the file is not there, and none can be made.
    with suppress(FileNotFoundError, PermissionError):
        (group / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL)
        else:
            return


def _find_group(process: Path) -> Path:
    """Return the folder of the group of a process in cgroup v2.

    Raises:
        OSError: cgroup v2 is not mounted, or does not show the group.
    """
    path = next((line[3:] for line in (process / "cgroup").read_text().splitlines() if line.startswith("0::")), None)
    for line in (process / "mountinfo").read_text().splitlines():
        mount, _, system = line.partition(" - ")
        if system.startswith("cgroup2 ") and path is not None:
            root, point = mount.split()[3:5]
            with suppress(ValueError):
                return Path(point) / Path(path).relative_to(root)
    raise FileNotFoundError(0, "it is not mounted", "cgroup v2")
