"""The user of a container: looked up in the files of its image, as a container runtime does."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lab.containers.start_errors import ContainerStartError

_LARGEST = 2**20
"""Bytes of a user database that are read: no real one has so many."""


class ContainerUser(NamedTuple):
    """A user by number, with the home folder that the image gives it."""

    user: int
    group: int
    home: str


def resolve_user(context: Mapping[str, Any], image_user: str, layers: Sequence[Path]) -> ContainerUser:
    """Return the user that a container runs as.

    Args:
        context: The container's securityContext, over its pod's.
        image_user: The user of the image: `name`, `number`, or either with `:group`.
        layers: The folders of the image, lowest first.

    Raises:
        ContainerStartError: The image does not know the user, or the pod does not allow it.
    """
    accounts = _entries(layers, "etc/passwd")
    name, _, group_name = image_user.partition(":")
    if "runAsUser" in context:
        name, group_name = str(context["runAsUser"]), ""
    elif context.get("runAsNonRoot") and name and not name.isdigit():
        message = f"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
        raise ContainerStartError("CreateContainerConfigError", message)
    account = _find(accounts, name or "0")
    if account is None and name and not name.isdigit():
        raise ContainerStartError(
            "CreateContainerError", f"unable to find user {name}: no matching entries in passwd file"
        )
    user = int(account[2]) if account else int(name or 0)
    if context.get("runAsNonRoot") and user == 0:
        message = "container has runAsNonRoot and image will run as root"
        raise ContainerStartError("CreateContainerConfigError", message)
    group = int(account[3]) if account else 0
    if group_name:
        group = _group(layers, group_name)
    home = account[5] if account and len(account) > 5 and account[5] else "/"
    return ContainerUser(user, int(context.get("runAsGroup", group)), home)


def _group(layers: Sequence[Path], name: str) -> int:
    if name.isdigit():
        return int(name)
    entry = _find(_entries(layers, "etc/group"), name)
    if entry is None:
        message = f"unable to find group {name}: no matching entries in group file"
        raise ContainerStartError("CreateContainerError", message)
    return int(entry[2])


def _find(entries: Sequence[Sequence[str]], name: str) -> Sequence[str] | None:
    """Return the entry of a name or a number."""
    field = 2 if name.isdigit() else 0
    return next((entry for entry in entries if entry[field] == name), None)


def _entries(layers: Sequence[Path], name: str) -> list[list[str]]:
    """Return the entries of passwd(5) or group(5) in the topmost layer that has the file."""
    for layer in reversed(layers):
        path = layer / name
        # A link in an image may lead anywhere on this machine.
        if path.parent.is_symlink():
            return []
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError:
            # A link, or the mark of a file that a layer has deleted.
            return []
        with os.fdopen(descriptor, "rb") as file:
            lines = file.read(_LARGEST).decode(errors="replace").splitlines()
        entries = [line.split(":") for line in lines]
        return [
            entry
            for entry in entries
            if len(entry) >= 3 and entry[2].isdigit() and (entry[3:4] or ["0"])[0] is not None
        ]
    return []
