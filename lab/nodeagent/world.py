"""The context that all pods of a node agent share."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.folder import Folder
from lab.kubernetes.api import Api
from lab.nodeagent.commands import PodPrograms


@dataclass(frozen=True)
class World:
    """The context that all pods share.

    Attributes:
        folder: The lab's folder.
        api: The API server.
        programs: The paths of the programs.
        istiod: Returns the address of the istiod for new connections; empty without one.
        changed: Is called when a pod has changed.
    """

    folder: Folder
    api: Api
    programs: PodPrograms
    istiod: Callable[[], str]
    changed: Callable[[], None]
