"""Whether an API server answers, asked before anything is planned: a plan made without it would not be true."""

import base64
import json
import socket
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, reached_by
from support.network_settings import NetworkSettingError, check_authorities, check_proxy, proxy_for
from support.trust import without_strict_checks

TIMEOUT_SECONDS = 5.0


def check(api_server: ApiServer, name: str) -> None:
    """Ask an API server for its version.

    Args:
        api_server: Whom to ask.
        name: How the configuration names the cluster.

    Raises:
        KubeconfigError: Nothing answers in time, or another server does; any answer over HTTP is taken as a yes.
    """
    try:
        opening = opener(api_server)
    except NetworkSettingError as error:
        raise KubeconfigError(f"{name}: {error}") from None
    try:
        opening.open(f"{api_server.server}/version", timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise KubeconfigError(
            f"the API server {api_server.server} of {name} does not answer: {_said(reason)}; "
            "is the cluster running, and is the kubeconfig the one it was made with?"
        ) from None


def asked(content: str, path: str, *, method: str = "GET", accept: str = "application/json") -> dict[str, Any]:
    """Return what an API server answers to the owner of a kubeconfig, read from JSON.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
        path: Of what is asked for.
        method: Of the request.
        accept: In which form the answer is wanted.

    Raises:
        urllib.error.HTTPError: It refuses.
        OSError, ValueError, http.client.HTTPException: It does not answer, or not with JSON.
    """
    api_server = reached_by(content)
    [user] = json.loads(content)["users"]
    request = urllib.request.Request(  # noqa: S310 - the address is that of an API server
        f"{api_server.server}{path}",
        method=method,
        headers={"Authorization": f"Bearer {user['user']['token']}", "Accept": accept},
    )
    with opener(api_server).open(request, timeout=TIMEOUT_SECONDS) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def opener(api_server: ApiServer, certificate: str = "") -> urllib.request.OpenerDirector:
    """Return what opens addresses of an API server, which has to prove its name.

    Args:
        api_server: The API server.
        certificate: A client certificate with its key, as PEM.

    Raises:
        OSError: The certificate or its key cannot be used.
    """
    context = ssl_context(api_server)
    if certificate:
        _load(context, certificate)
    name = api_server.entry.get("tls-server-name")
    return urllib.request.build_opener(
        _NamedHandler(name, context) if name else urllib.request.HTTPSHandler(context=context),
        *through(proxy(api_server)),
    )


def proxy(api_server: ApiServer) -> str | None:
    """Return the proxy that kubectl would use: that of the kubeconfig, for any host, else that of the environment.

    Raises:
        NetworkSettingError: It cannot be used.
    """
    if named := api_server.entry.get("proxy-url"):
        return check_proxy(str(named), "proxy-url of the kubeconfig")
    return proxy_for(api_server.server)


class _Through(urllib.request.BaseHandler):
    """Sends every request through one proxy, not that of the environment."""

    def __init__(self, proxy: SplitResult) -> None:
        self._proxy = proxy

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Address a request to the proxy."""
        if self._proxy.username is not None:
            login = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}"
            request.add_header("Proxy-Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
        request.set_proxy(self._proxy.netloc.rpartition("@")[2], "http")
        return request

    https_request = http_request


def through(proxy: str | None) -> Sequence[urllib.request.BaseHandler]:
    """Return what sends the requests of an opener through a proxy, or directly.

    Raises:
        NetworkSettingError: Requests to the proxy itself are to be encrypted, which the standard library cannot.
    """
    none = urllib.request.ProxyHandler({})
    if proxy is None:
        return (none,)
    parts = urlsplit(proxy)
    if parts.scheme != "http":
        raise NetworkSettingError(f"the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}: name it as http://")
    return none, _Through(parts)


class _NamedConnection(HTTPSConnection):
    """A connection to a server that goes by another name than its address (`tls-server-name`)."""

    def __init__(self, host: str, *, name: str, context: ssl.SSLContext, **options: Any) -> None:  # noqa: ANN401
        super().__init__(host, context=context, **options)
        self._name, self._tls = name, context

    def connect(self) -> None:
        """Connect, and have the server prove that name."""
        HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


class _NamedHandler(urllib.request.HTTPSHandler):
    def __init__(self, name: str, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._open = partial(_NamedConnection, name=name, context=context)

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._open, request)


def ssl_context(api_server: ApiServer) -> ssl.SSLContext:
    """Return whose certificates are accepted from an API server: its own authority's, or the system's authorities'.

    Raises:
        NetworkSettingError: The environment names authorities that are not there.
    """
    if api_server.authority is None:
        check_authorities()
    context = without_strict_checks(ssl.create_default_context(cadata=api_server.authority))
    if api_server.entry.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load(context: ssl.SSLContext, certificate: str) -> None:
    # Python takes a certificate from a file only.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        context.load_cert_chain(file.name)


def _said(reason: object) -> str:
    if isinstance(reason, socket.timeout | TimeoutError):
        return f"no answer in {TIMEOUT_SECONDS:.0f} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    return (reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason) or repr(reason)).lower()
