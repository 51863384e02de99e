"""HTTP connections to an API server: kept open, through the proxy that kubectl would use, with its proof of identity.

httpcore, the transport of httpx, is used directly: httpx imports the command line that comes with it, which takes four
times as long as the transport itself, in every run of the program (docs/adr/0022).
"""

import atexit
import json
import ssl
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from support.network_settings import NetworkSettingError, check_authorities, check_proxy, proxy_for

TIMEOUT_SECONDS = 5.0
_KEPT_SECONDS = 30.0
_DROPPED = (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)
"""What a request may end with whose kept connection the server has closed at that moment."""
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Statuses with which nothing was done, so that any request may be repeated.

https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ describes the first.
"""
_UNANSWERED = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    ValueError,
)


class UnansweredError(KubeconfigError):
    """The API server does not answer, or another server does; the text is the reason alone."""


@dataclass(frozen=True)
class Response:
    """What a server answers.

    Attributes:
        status: Of HTTP.
        content: The body.
        retry_after: Seconds after which the server wants to be asked again; None if it says nothing of that.
    """

    status: int
    content: bytes
    retry_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a server is asked.

    Attributes:
        method: Of HTTP.
        path: With the query.
        headers: May hold credentials.
        body: Empty for none.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


def send(api_server: ApiServer, request: Request, *, seconds: float, certificate: str = "") -> Response:
    """Send a request over a kept connection, and return the answer of any status; redirects are not followed.

    A server that is busy is asked again when it says, while there is time: an API server refuses the objects of a
    definition that was just changed ("storage is (re)initializing"), and requests beyond its limits.

    Args:
        api_server: The API server, which has to prove its name.
        request: What to send.
        seconds: How long the answer may take; each part of headers that arrive piece by piece may take as long.
        certificate: A client certificate with its key, as PEM.

    Raises:
        UnansweredError: There is no answer.
    """
    try:
        pool = _pool(api_server.server, json.dumps(dict(api_server.entry), sort_keys=True), certificate)
        deadline = time.monotonic() + seconds
        while True:
            response = _exchange_once_more(pool, api_server, request, deadline)
            pause = response.retry_after
            if response.status not in _BUSY or pause is None or time.monotonic() + pause >= deadline:
                return response
            time.sleep(pause)
    except NetworkSettingError as error:
        raise UnansweredError(str(error)) from None
    except _UNANSWERED as error:
        raise UnansweredError(_reason(error, seconds)) from None


def proxy(api_server: ApiServer) -> str | None:
    """Return the proxy that kubectl would use: that of the kubeconfig, for any host, else that of the environment.

    Raises:
        NetworkSettingError: It cannot be used.
    """
    if named := api_server.entry.get("proxy-url"):
        return check_proxy(str(named), "proxy-url of the kubeconfig")
    return proxy_for(api_server.server)


def _exchange_once_more(
    pool: httpcore.ConnectionPool, api_server: ApiServer, request: Request, deadline: float
) -> Response:
    """Exchange a request for its answer; a kept connection may have been closed, so a question is asked again."""
    try:
        return _exchange(pool, api_server, request, deadline)
    except _DROPPED:
        if request.method != "GET":
            raise
        return _exchange(pool, api_server, request, deadline)


def _exchange(pool: httpcore.ConnectionPool, api_server: ApiServer, request: Request, deadline: float) -> Response:
    left = max(0.001, deadline - time.monotonic())
    with pool.stream(
        request.method,
        f"{api_server.server.rstrip('/')}{request.path}",
        headers=[("Host", urlsplit(api_server.server).netloc.rpartition("@")[2]), *request.headers],
        content=request.body or None,
        extensions={
            "timeout": {"connect": min(left, TIMEOUT_SECONDS), **dict.fromkeys(("read", "write", "pool"), left)}
        },
    ) as response:
        content = bytearray()
        for chunk in response.iter_stream():
            content += chunk
            if time.monotonic() > deadline:
                raise httpcore.ReadTimeout
        return Response(response.status, bytes(content), _retry_after(response))


def _retry_after(response: httpcore.Response) -> int | None:
    """Return the seconds of the header; a date, which API servers do not send, is not read."""
    values = [value for name, value in response.headers if name.lower() == b"retry-after"]
    return max(1, int(values[0])) if values and values[0].isdigit() else None


@cache
def _pool(server: str, entry: str, certificate: str) -> httpcore.ConnectionPool:
    """Return the connections of this process to a server as one user reaches it; they are closed when it ends."""
    pool = _new_pool(ApiServer(server=server, entry=json.loads(entry)), certificate)
    atexit.register(pool.close)
    return pool


def _new_pool(api_server: ApiServer, certificate: str) -> httpcore.ConnectionPool:
    context = _tls_context(api_server, certificate)
    address = proxy(api_server)
    if address is None:
        return httpcore.ConnectionPool(ssl_context=context, keepalive_expiry=_KEPT_SECONDS)
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme != "http":
        raise NetworkSettingError(f"the proxy {parts.scheme}://{host}: name it as http://")
    return httpcore.HTTPProxy(
        f"http://{host}",
        proxy_auth=(unquote(parts.username), unquote(parts.password or "")) if parts.username is not None else None,
        ssl_context=context,
        keepalive_expiry=_KEPT_SECONDS,
    )


class _TlsContext(ssl.SSLContext):
    """Checks a server's certificate against the name that the kubeconfig gives it, also through a proxy."""

    name = ""

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:  # noqa: ANN401 - those of ssl
        """Start TLS as a client."""
        return super().wrap_socket(*arguments, **(options | ({"server_hostname": self.name} if self.name else {})))


def _tls_context(api_server: ApiServer, certificate: str) -> ssl.SSLContext:
    """Return what trusts the API server's own authority, or the system's.

    No check of a certificate's form is made beyond names, dates, signatures and purposes, see `support.trust`.

    Raises:
        NetworkSettingError: The environment names authorities that are not there.
        OSError: The certificate of the user or its key cannot be used.
    """
    context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = str(api_server.entry.get("tls-server-name") or "")
    if api_server.authority is None:
        check_authorities()
        context.load_default_certs()
    else:
        context.load_verify_locations(cadata=api_server.authority)
    if api_server.entry.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        # Python takes a certificate from a file only.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _reason(error: Exception, seconds: float) -> str:
    """Return why there is no answer; nothing of the request, which has credentials."""
    # The pool raises its errors anew, without their causes.
    cause = error.__cause__ or error.__context__ or error
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection in {min(seconds, TIMEOUT_SECONDS):.0f} s"
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return f"no answer in {seconds:.0f} s"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(error, httpcore.LocalProtocolError):
        return "the user's credentials cannot be sent as a header"
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause) or repr(cause)
    return text.lower()
