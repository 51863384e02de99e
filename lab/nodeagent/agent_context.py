"""The context that all pods of a node agent share."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.folder import Folder
from lab.kubernetes.api import Api
from lab.nodeagent.cluster_dns import ClusterNameServer
from lab.nodeagent.cluster_services import ClusterServices
from lab.nodeagent.commands import PodPrograms
from lab.nodeagent.image_source import ImageSource


@dataclass(frozen=True)
class AgentContext:
    """The context that all pods share.

    Attributes:
        folder: The lab's folder.
        api: The API server.
        programs: The paths of the programs.
        istiod: Returns the address of the istiod for new connections; empty without one.
        changed: Is called when a pod has changed.
        images: Decides between images and stand-ins, and has images pulled.
        dns: The cluster's DNS.
        services: The cluster's Services.
    """

    folder: Folder
    api: Api
    programs: PodPrograms
    istiod: Callable[[], str]
    changed: Callable[[], None]
    images: ImageSource
    dns: ClusterNameServer
    services: ClusterServices
