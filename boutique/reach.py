"""Whether an API server answers, asked before anything is planned: a plan made without it would not be true."""

import socket
import ssl
import urllib.error
import urllib.request

from boutique.kubeconfig import ApiServer, KubeconfigError

TIMEOUT_SECONDS = 5.0


def check(api_server: ApiServer, name: str) -> None:
    """Ask an API server for its version.

    Args:
        api_server: Whom to ask.
        name: How the configuration names the cluster.

    Raises:
        KubeconfigError: Nothing answers in time, or somebody else does; any answer over HTTP is taken as a yes.
    """
    request = urllib.request.Request(f"{api_server.server}/version")  # noqa: S310 - the scheme is the kubeconfig's own
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=_context(api_server)).close()  # noqa: S310
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise KubeconfigError(
            f"the API server {api_server.server} of {name} does not answer: {_said(reason)}; "
            "is the cluster running, and is the kubeconfig the one it was made with?"
        ) from None


def _context(api_server: ApiServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=api_server.authority)
    if api_server.entry.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _said(reason: object) -> str:
    if isinstance(reason, socket.timeout | TimeoutError):
        return f"no answer in {TIMEOUT_SECONDS:.0f} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    return (reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)).lower()
