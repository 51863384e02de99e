"""The program, the arguments and the variables of a container: what its image says, and what its pod says instead."""

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from lab.containers.start_errors import ContainerStartError
from lab.images.unpacked_image import ImageConfig

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH that a container runtime gives to an image without one."""


def build_arguments(config: ImageConfig, command: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the program of a container and its arguments.

    Args:
        config: The image's configuration.
        command: The container's `command`, which replaces the image's entrypoint and its arguments.
        arguments: The container's `args`, which replace the image's arguments.

    Raises:
        ContainerStartError: Neither names a program.
    """
    if command:
        return (*command, *arguments)
    result = (*config.entrypoint, *(arguments or config.command))
    if not result:
        raise ContainerStartError("CreateContainerError", "no command specified: neither by the image nor by the pod")
    return result


def build_variables(config: ImageConfig, pod: Mapping[str, str], host_name: str, home: str) -> dict[str, str]:
    """Return the variables of a container's program.

    Args:
        config: The image's configuration.
        pod: What the pod sets, which wins.
        host_name: The container's host name.
        home: The home folder of its user.
    """
    return {"PATH": _PATH, "HOSTNAME": host_name, "HOME": home, **config.environment, **pod}


def security_context(pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the securityContext of a container: its own settings over its pod's."""
    return {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}


def parse_signal(text: str) -> int:
    """Return the signal that an image names, by number or by name; SIGTERM if it names none."""
    if text.isdigit() and int(text) in {member.value for member in signal.Signals}:
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    return signal.Signals.__members__.get(name, signal.SIGTERM)
