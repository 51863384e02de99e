"""The cgroups of the containers of one pod: see lab.containers.resource_limits."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.containers.resource_limits import create_group, remove_group


class ContainerLimits:
    """The cgroups of the containers of one pod."""

    def __init__(self, parent: str, uid: str) -> None:
        """Prepare to make groups.

        Args:
            parent: The folder of all groups; empty if limits are not enforced.
            uid: The pod's.
        """
        self._parent = parent
        self._uid = uid

    def create(self, container: Mapping[str, Any]) -> str:
        """Make the group of a container that is about to start; return its folder, empty without limits.

        Raises:
            OSError: The kernel refuses it.
            ValueError: A limit is not a quantity.
        """
        resources = container.get("resources") or {}
        if not self._parent or not resources.get("limits"):
            return ""
        create_group(self._path(container), resources)
        return str(self._path(container))

    def find(self, container: Mapping[str, Any]) -> str:
        """Return the folder of the group of a container that runs; empty if it has none."""
        return str(self._path(container)) if self._parent and self._path(container).is_dir() else ""

    def close(self) -> None:
        """Remove the groups of all containers, which have ended."""
        for group in Path(self._parent).glob(f"{self._uid}-*") if self._parent else ():
            with suppress(OSError):
                remove_group(group)

    def _path(self, container: Mapping[str, Any]) -> Path:
        return Path(self._parent, f"{self._uid}-{container['name']}")
