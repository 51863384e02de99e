"""Sends requests to a registry and its token server, each with a deadline, and explains why one gets no answer."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from support.deadline import Deadline
from support.proxied import ProxiedTransport
from support.registry.registry_errors import NoRegistryError, UnreachableRegistryError, UntrustedRegistryError
from support.transfer import copy_body
from support.trust import ssl_context

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
_WHOLE_ANSWER_SECONDS = 120.0
_LARGEST = 64 * 2**20
"""Bytes. Google's registries list all manifests along with the tags, which is 20 MB for 70,000 of them.

https://github.com/google/go-containerregistry/issues/897
"""
_LARGEST_REFUSAL = 64 * 1024
_LONGEST_MESSAGE = 300
_LOST = "check the name, the network and, behind a proxy, HTTPS_PROXY"


@dataclass(frozen=True, kw_only=True)
class RegistryAnswer:
    """A server's answer.

    Attributes:
        url: What answered, after all redirects.
        status: The HTTP status.
        headers: The headers.
        body: The whole body.
    """

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def content(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the errors that a registry's answer names."""
        return tuple(error["code"] for error in self._errors)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The errors in the registry's own words: each code, with its message if there is one."""
        messages = (_printable(error.get("message")) for error in self._errors)
        return tuple(
            f"{code}: {message}" if message else code for code, message in zip(self.codes, messages, strict=True)
        )

    @property
    def _errors(self) -> list[dict[str, Any]]:
        content = self.content
        errors = content.get("errors") if isinstance(content, dict) else None
        if not isinstance(errors, list):
            return []
        codes = [(error, error.get("code")) for error in errors if isinstance(error, dict)]
        return [error for error, code in codes if isinstance(code, str) and code.isidentifier()]


class RegistryConnection:
    """Asks a registry, and the servers that it names.

    Args:
        registry: The registry; it is what messages name.
    """

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self._client = httpx.Client(
            transport=ProxiedTransport(ssl_context()), trust_env=False, headers={"User-Agent": "boutique"}
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None
    ) -> RegistryAnswer:
        """Return the answer to one request. To another host, no redirect takes credentials along; a form has them too.

        Raises:
            UnreachableRegistryError: There is no answer.
            UntrustedRegistryError: TLS fails.
            NoRegistryError: A registry would not answer like that.
        """
        deadline = Deadline(_WHOLE_ANSWER_SECONDS)
        with self._response(method, url, headers, form) as response:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise NoRegistryError(
                        f"{self._name(url)}: its answer does not end after {_LARGEST} bytes, the most that is read; "
                        "check host and port of the repository, or delete old tags and manifests"
                    )
                if deadline.is_over:
                    raise UnreachableRegistryError(
                        f"{self._name(url)} does not send its whole answer within {deadline.seconds:.0f} s; {_LOST}"
                    )
            return _answer(response, bytes(body))

    def save(
        self,
        url: str,
        headers: Mapping[str, str],
        receive: Callable[[RegistryAnswer], Callable[[bytes], object] | None],
    ) -> RegistryAnswer:
        """Hand over the body of a large file, piece by piece, and return the answer.

        Args:
            url: The file.
            headers: The headers of the request.
            receive: Takes the answer before its body, and returns what takes the pieces of the body. None if it is not
                wanted: then the answer that is returned has the beginning of it, in which a registry says why.

        Raises:
            UnreachableRegistryError: There is no answer, or its body ends early or stalls.
            UntrustedRegistryError: TLS fails.
            NoRegistryError: A registry would not answer like that.
        """
        with self._response("GET", url, {**headers, "Accept-Encoding": "identity"}, None) as response:
            answer = _answer(response, b"")
            write = receive(answer)
            if write is None:
                return _answer(response, next(response.iter_raw(_LARGEST_REFUSAL), b""))
            try:
                copy_body(response, write)
            except httpx.HTTPError as error:
                raise UnreachableRegistryError(
                    f"{self._name(url)} breaks off: {error}; try again, and check the network"
                ) from None
            return answer

    @contextmanager
    def _response(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        try:
            request = self._client.build_request(method, url, headers=dict(headers), data=form, timeout=timeout)
            with closing(self._client.send(request, stream=True, follow_redirects=form is None)) as response:
                if url.startswith("https:") and response.url.scheme != "https":
                    raise UntrustedRegistryError(
                        f"{self._name(url)} leads to {response.url.host} without TLS; name another"
                    )
                yield response
        except httpx.TimeoutException as error:
            seconds = _CONNECT_SECONDS if isinstance(error, httpx.ConnectTimeout) else _ANSWER_SECONDS
            raise UnreachableRegistryError(
                f"{self._name(url)} does not answer within {seconds:.0f} s; {_LOST}"
            ) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, OverflowError):
            raise NoRegistryError(f"{self._name(url)} is no address of a registry; correct the repository") from None
        except (httpx.RemoteProtocolError, httpx.TooManyRedirects, httpx.DecodingError) as error:
            raise NoRegistryError(
                f"{self._name(url)} is no registry: {error}; check host and port of the repository"
            ) from None
        except httpx.HTTPError as error:
            raise self._lost(url, error) from None

    def _name(self, url: str) -> str:
        """Return how messages name the server of a URL."""
        host = url.partition("://")[2].partition("/")[0]
        if host == self.registry:
            return f"registry {self.registry}"
        return f"{host}, asked for registry {self.registry},"

    def _lost(self, url: str, error: httpx.HTTPError) -> UnreachableRegistryError | UntrustedRegistryError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return UntrustedRegistryError(
                    f"the certificate of {self._name(url)} is not trusted: {cause.verify_message}; give the "
                    "certificate of its authority in SSL_CERT_FILE"
                )
            if isinstance(cause, ssl.SSLError):
                return UntrustedRegistryError(
                    f"{self._name(url)} does not speak TLS as wanted: {cause.reason or cause}; only on this machine "
                    "(localhost) a registry may do without"
                )
            if isinstance(cause, OSError) and cause.strerror:
                return UnreachableRegistryError(f"{self._name(url)} cannot be reached: {cause.strerror}; {_LOST}")
            cause = cause.__cause__ or cause.__context__
        return UnreachableRegistryError(f"{self._name(url)} cannot be reached: {error}; {_LOST}")


def _printable(message: object) -> str:
    if not isinstance(message, str):
        return ""
    text = "".join(character if character.isprintable() else " " for character in message)
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _answer(response: httpx.Response, body: bytes) -> RegistryAnswer:
    return RegistryAnswer(url=response.url, status=response.status_code, headers=response.headers, body=body)
