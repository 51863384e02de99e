"""Sends the requests of HTTP clients through the proxies that `support.network_settings` chooses."""

import ssl

import httpx

from support.network_settings import proxy_for


class ProxiedTransport(httpx.BaseTransport):
    """Chooses the proxy of each request by its URL, so also that of a redirect.

    Args:
        context: Which certificates are trusted.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._transports: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            NetworkSettingError: The environment names a proxy that cannot be used.
        """
        proxy = proxy_for(str(request.url))
        if proxy not in self._transports:
            self._transports[proxy] = httpx.HTTPTransport(verify=self._context, proxy=proxy, trust_env=False)
        return self._transports[proxy].handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()
