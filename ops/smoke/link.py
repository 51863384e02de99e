"""The link to an environment, and where plain HTTP is beside it."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.errors import OperationError

LOST = "is the gateway running, and does the name lead to it?"

_RESOLVED_SECONDS = 1.0
_PORTS = {"http": 80, "https": 443}


class UnreachableError(OperationError):
    """No server answers at a link; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """The URL of a shop, without a path.

    Attributes:
        scheme: `https` or `http`.
        host: The host's name.
        port: The TCP port.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in the header Host."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def link(url: str) -> Link | None:
    """Parse a link; None if the text is not an HTTP URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Link(scheme=parts.scheme, host=parts.hostname, port=parts.port or _PORTS[parts.scheme])


def resolving_hint(host: str) -> str:
    """Return how to make a name under `localhost` resolve on this machine; empty if it does, or for any other name.

    Browsers and curl know such names by themselves (https://www.rfc-editor.org/rfc/rfc6761#section-6.3); Python, and so
    Locust, asks the resolver of the system, which may not.
    """
    if not host.endswith(".localhost") or _resolves(host):
        return ""
    return (
        f"browsers and curl know {host}, other programs of this machine, such as Python and Locust, do not; for those "
        f"add this line to /etc/hosts: 127.0.0.1 {host}"
    )


def _resolves(host: str) -> bool:
    addresses: list[object] = []

    def resolve() -> None:
        with suppress(OSError):
            addresses.extend(socket.getaddrinfo(host, None))

    # Without a network a resolver may take long; a daemon thread that waits for it does not delay the exit.
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(_RESOLVED_SECONDS)
    return bool(addresses)


def plain(secure: Link, environment: Mapping[str, str]) -> Link | None:
    """Return the link to the same host without TLS; None if its port is unknown.

    Args:
        secure: The link to the host.
        environment: The variables of this process; the shell of a lab names the lab's ports in them.
    """
    port = None
    if secure.port == _PORTS["https"]:
        port = _PORTS["http"]
    elif environment.get("BOUTIQUE_LAB_HTTPS_PORT") == str(secure.port) and "BOUTIQUE_LAB_HTTP_PORT" in environment:
        port = int(environment["BOUTIQUE_LAB_HTTP_PORT"])
    return Link(scheme="http", host=secure.host, port=port) if port else None
