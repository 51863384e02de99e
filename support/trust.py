"""Which TLS certificates are trusted."""

import ssl
from functools import cache

import httpx

from support.network_settings import check_authorities


@cache
def ssl_context() -> ssl.SSLContext:
    """Return a context that trusts what httpx does or SSL_CERT_FILE names, and the system's authorities.

    Raises:
        NetworkSettingError: The environment names authorities that are not there.
    """
    check_authorities()
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context
