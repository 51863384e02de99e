"""The TLS context with the trusted certificates."""

import ssl
from functools import cache

from support.network_settings import check_authorities


@cache
def ssl_context() -> ssl.SSLContext:
    """Return a context that trusts what httpx does or SSL_CERT_FILE names, and the system's authorities.

    Raises:
        NetworkSettingError: The environment names authorities that are not there.
    """
    import httpx  # takes half a second, which only clients that use it pay

    check_authorities()
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return without_strict_checks(context)


def without_strict_checks(context: ssl.SSLContext) -> ssl.SSLContext:
    """Turn off the checks of a certificate's form that `ssl` makes by default from Python 3.13 on; return the context.

    Private authorities, those of many clusters among them, leave out extensions that RFC 5280 demands. Browsers, Envoy
    and Go's clients accept such certificates, so every Python does here. Names, dates,
    signatures and purposes are checked as before.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
