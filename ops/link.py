"""The link to an environment, and where plain HTTP is beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.errors import OperationError

LOST = "is the gateway running, and does the name lead to it?"

_PORTS = {"http": 80, "https": 443}


class UnreachableError(OperationError):
    """Nobody at a link can be asked for anything; the text says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Where a shop is in the web.

    Attributes:
        scheme: `https` or `http`.
        host: Its name.
        port: Its port.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in a request."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def link(url: str) -> Link | None:
    """Read a link; None for a text that is none."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Link(scheme=parts.scheme, host=parts.hostname, port=parts.port or _PORTS[parts.scheme])


def plain(secure: Link, environment: Mapping[str, str]) -> Link | None:
    """Return where the same host is asked without TLS; None if nobody knows.

    Args:
        secure: The link to the host.
        environment: Of this process; a lab says in it which of its ports belong together.
    """
    port = None
    if secure.port == _PORTS["https"]:
        port = _PORTS["http"]
    elif environment.get("BOUTIQUE_LAB_HTTPS_PORT") == str(secure.port) and "BOUTIQUE_LAB_HTTP_PORT" in environment:
        port = int(environment["BOUTIQUE_LAB_HTTP_PORT"])
    return Link(scheme="http", host=secure.host, port=port) if port else None
