"""How deployers reach the API server: as the cluster's admin does, unless the configuration says otherwise."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.settings.deployer_access_settings import SYSTEM, DeployerAccess

LAB_CONTEXT = "boutique-lab"
"""The context of the lab, whose deployers are on the same machine."""

_KEY = "boutique:cluster.deployers"
_HANDED_ON = ("server", "certificate-authority-data", "tls-server-name", "proxy-url", "insecure-skip-tls-verify")
"""What a deployer's kubeconfig has of the admin's `cluster` entry: extensions and the rest are the admin's own."""


def for_deployers(admin: ApiServer, access: DeployerAccess) -> ApiServer:
    """Return how deployers reach the API server.

    Args:
        admin: How the admin does.
        access: What the configuration says of it.

    Raises:
        KubeconfigError: Deployers would get a password of the admin's.
    """
    entry = {key: value for key, value in admin.entry.items() if key in _HANDED_ON}
    if access.server:
        entry = {key: value for key, value in entry.items() if key == "certificate-authority-data"}
        entry["server"] = access.server
    if access.certificate_authority:
        for key in ("certificate-authority-data", "insecure-skip-tls-verify"):
            entry.pop(key, None)
        if access.certificate_authority != SYSTEM:
            content = Path(access.certificate_authority).read_bytes()
            entry["certificate-authority-data"] = base64.b64encode(content).decode()
    if access.tls_server_name:
        entry["tls-server-name"] = access.tls_server_name
    for key in ("server", "proxy-url"):
        if "@" in urlsplit(str(entry.get(key, ""))).netloc:
            raise KubeconfigError(
                f"{key} of the kubeconfig holds a user or a password, which deployers would get; give the address that "
                f"they use in {_KEY}.server, or take the password out of it"
            )
    return replace(admin, server=str(entry["server"]), entry=entry)


def warnings(deployers: ApiServer, context: str) -> Iterator[str]:
    """Return a line for each thing about the deployers' way to the API server that is likely not meant.

    Args:
        deployers: How they reach it.
        context: The admin's context.
    """
    host = (urlsplit(deployers.server).hostname or "").rstrip(".")
    if _is_loopback(host) and context != LAB_CONTEXT:
        yield (
            f"{_KEY}.server: deployers get the address {deployers.server}, at which a machine reaches only itself: "
            "stacks and CI on other machines cannot deploy; set it to an address that they reach"
        )
    if deployers.entry.get("insecure-skip-tls-verify"):
        yield (
            f"{_KEY}.certificateAuthority: deployers send their tokens to any server that answers at "
            f"{deployers.server}, since the kubeconfig says insecure-skip-tls-verify; name the server's authority"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
