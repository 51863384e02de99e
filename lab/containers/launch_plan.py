"""What the launcher has to know to start a container, as plain data that goes through a pipe.

It holds the container's variables, so it is never written to a disk and never part of a command line.
"""

import json
from typing import NamedTuple

OVERLAY_REFUSED = "overlay file systems are refused"
"""The beginning of the launcher's report where a container needs a copy of its image."""


class MountPlan(NamedTuple):
    """A folder or a file that a container sees.

    Attributes:
        source: Its path outside.
        target: Its path in the container.
        read_only: Whether the container may not write to it.
        sub_path: The part of the source that is meant, which must not lead out of it; all of it if empty.
    """

    source: str
    target: str
    read_only: bool
    sub_path: str = ""


class LaunchPlan(NamedTuple):
    """A container to start.

    Attributes:
        folder: An empty folder for what it writes outside of its volumes.
        layers: The folders of its image, lowest first.
        copied: Whether `folder` holds a copy of the layers as `root`, since overlays are not available.
        read_only: Whether its root may not be written to.
        user: The number of its user.
        group: The number of its group.
        host_name: Its host name.
        working_folder: Where its program starts; it is made if it does not exist.
        arguments: The program and its arguments.
        variables: The program's environment.
        mounts: Its volumes, and the files that a cluster puts into every container.
        cgroup: The folder of its cgroup, which limits it; empty without limits.
    """

    folder: str
    layers: tuple[str, ...]
    copied: bool
    read_only: bool
    user: int
    group: int
    host_name: str
    working_folder: str
    arguments: tuple[str, ...]
    variables: dict[str, str]
    mounts: tuple[MountPlan, ...]
    cgroup: str = ""

    def encode(self) -> bytes:
        """Return the plan for a pipe."""
        return json.dumps(self._asdict()).encode()


class ExecPlan(NamedTuple):
    """A program to run in a container that runs.

    Attributes:
        pid: The container's first process.
        arguments: The program and its arguments.
        variables: The program's environment.
        working_folder: Where it starts.
        terminal: Whether it gets a terminal.
        cgroup: The folder of the container's cgroup; empty without limits.
    """

    pid: int
    arguments: tuple[str, ...]
    variables: dict[str, str]
    working_folder: str
    terminal: bool
    cgroup: str = ""

    def encode(self) -> bytes:
        """Return the plan for a pipe."""
        return json.dumps(self._asdict()).encode()


def decode_launch_plan(content: bytes) -> LaunchPlan:
    """Return the plan that came through a pipe."""
    fields = json.loads(content)
    for name in ("layers", "arguments"):
        fields[name] = tuple(fields[name])
    mounts = tuple(MountPlan(*mount) for mount in fields.pop("mounts"))
    return LaunchPlan(**fields, mounts=mounts)


def decode_exec_plan(content: bytes) -> ExecPlan:
    """Return the plan that came through a pipe."""
    fields = json.loads(content)
    return ExecPlan(**{**fields, "arguments": tuple(fields["arguments"])})
