"""Where people's requests for an environment come in."""

from pydantic import ConfigDict

from boutique.routing.model import Gateway
from boutique.settings.cluster_dns import CLUSTER_DOMAIN
from boutique.settings.fields import Number, Section
from boutique.settings.ingress_settings import RoutingApi

_HTTPS = 443


class GatewayEndpoint(Section):
    """What routes and links need to know of the gateway in front of an environment."""

    model_config = ConfigDict(validate_by_name=True)

    routing: RoutingApi
    """What its routes are written in."""
    host: str
    """Its own; names under it are for previews."""
    port: Number
    """Of links to it."""
    namespace: str
    """Of the gateway."""
    gateway: str
    """The name of the Gateway."""
    listener: str
    """Which of the gateway's listeners is for the host."""
    preview_listener: str
    """Which one is for the names under it."""
    cluster_domain: str = CLUSTER_DOMAIN
    """The domain of the cluster's DNS, in which full names of Services end."""

    @property
    def parent_gateway(self) -> Gateway:
        """What routes attach to."""
        return Gateway(
            namespace=self.namespace,
            name=self.gateway,
            listener=self.listener,
            preview_listener=self.preview_listener,
        )

    def link(self, host: str) -> str:
        """Return the link to a host by HTTPS."""
        return f"https://{host}" if self.port == _HTTPS else f"https://{host}:{self.port}"
