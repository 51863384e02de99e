"""The keys of `boutique:cluster.deployers`."""

import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from boutique.settings.fields import ApiServerAddress, Section, ServerName, existing_file

SYSTEM = "system"
"""The word for the authorities that a machine trusts."""


def _check_authority(text: str) -> str:
    if text == SYSTEM:
        return text
    path = existing_file(text)
    try:
        ssl.create_default_context(cadata=Path(path).read_text())
    except (OSError, ValueError, ssl.SSLError):
        raise ValueError(f"{path!r} holds no certificates in PEM form that can be read") from None
    return path


Authority = Annotated[str, AfterValidator(_check_authority)]


class DeployerAccess(Section):
    """How deployers reach the API server, where the admin's own way there is not for them: a tunnel, a proxy."""

    server: ApiServerAddress | None = None
    """The address that deployers use; the admin's if not given. With it, deployers get neither `proxy-url` nor
    `tls-server-name` nor `insecure-skip-tls-verify` of the admin's kubeconfig."""
    certificate_authority: Authority | None = None
    """A PEM file with the authority of that server, or the word `system` for those that deployers' machines trust; the
    admin's if not given. `${NAME}` stands for an environment variable."""
    tls_server_name: ServerName | None = None
    """The name in the server's certificate, if it is not that of the address."""
