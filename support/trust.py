"""Which TLS certificates are trusted."""

import ssl
from functools import cache

import httpx


@cache
def ssl_context() -> ssl.SSLContext:
    """Return a context that trusts what httpx does or SSL_CERT_FILE names, and the system's authorities."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context
