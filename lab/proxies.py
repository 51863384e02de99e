"""The proxies of a lab's mesh, seen from outside: what they and istiod report at this moment."""

import http.client
from dataclasses import dataclass

from lab.folder import Folder
from lab.kubernetes.api import Api
from lab.kubernetes.nodes import NODES

_PATIENCE = 3.0
_PATH = f"/api/v1/nodes/{NODES[0]['metadata']['name']}/proxy/mesh"
"""The API server passes it on to the node agent, which reaches into the networks of pods: see lab.kubelet.mesh."""


@dataclass(frozen=True)
class ProxyStatus:
    """The status of a proxy. Times are seconds since the epoch, 0 if they are not known.

    Attributes:
        namespace: Its pod's namespace.
        pod: Its pod's name.
        alive: Whether its Envoy answers.
        sync: The state of its configuration at istiod: `synced`, or the part that is not and why.
        valid_from: From when on its certificate is good; Istio dates it two minutes back.
        expires: When that ends.
    """

    namespace: str
    pod: str
    alive: bool
    sync: str
    valid_from: float
    expires: float

    @property
    def is_synced(self) -> bool:
        """Whether it works with the configuration that istiod wants; a dead one works with none."""
        return self.alive and self.sync == "synced"


class UnknownError(Exception):
    """The API server or the node agent does not answer, so the proxies are unknown."""


def proxies(folder: Folder, port: int) -> tuple[ProxyStatus, ...]:
    """Return the proxies of a lab, by namespace and pod.

    Args:
        folder: The lab's folder.
        port: Where the host reaches its API server.

    Raises:
        UnknownError: The API server or the node agent does not answer.
    """
    try:
        content = Api("127.0.0.1", port, folder.pki, patience=_PATIENCE).get(_PATH)["proxies"]
        statuses = [ProxyStatus(**fields) for fields in content]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        # TypeError: a lab that was started by another version of this program.
        raise UnknownError(str(error)) from error
    return tuple(sorted(statuses, key=lambda status: (status.namespace, status.pod)))
