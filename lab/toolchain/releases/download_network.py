"""Requests to publishers: redirects that keep TLS, downloads that go on where they broke off, and no endless wait."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from lab.toolchain.releases.release_errors import PublisherUnreachableError, ReleaseError
from support.proxied import ProxiedTransport
from support.transfer import copy_body
from support.trust import ssl_context

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
_MOST_REDIRECTS = 10
_ATTEMPTS = 5
_LARGEST_TEXT = 8 * 2**20


class DownloadNetwork:
    """HTTP for several threads."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            transport=ProxiedTransport(ssl_context()),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
            headers={"User-Agent": "boutique", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def probe(self, url: str, seconds: float) -> None:
        """Return if a server answers, with any status.

        Args:
            url: A file there; where it is redirected to must answer too.
            seconds: The longest wait for the connection, and again for the answer.

        Raises:
            UnreachableError: There is no answer.
            ReleaseError: A redirect is refused.
        """
        with self._response("HEAD", url, {}, seconds):
            pass

    def read(self, url: str) -> bytes:
        """Return a small file.

        Raises:
            UnreachableError: The host does not answer.
            ReleaseError: The file is not there, or too large.
        """
        content = bytearray()

        def add(chunk: bytes) -> None:
            content.extend(chunk)
            if len(content) > _LARGEST_TEXT:
                raise ReleaseError(f"{url} is larger than {_LARGEST_TEXT} bytes")

        with self._response("GET", url) as response:
            _check(response, url)
            copy_body(response, add)
        return bytes(content)

    def save(self, url: str, target: Path, advance: Callable[[int], None]) -> str:
        """Save a file and return the digest of its content. A download that breaks off goes on from there.

        Args:
            url: The file.
            target: Where to save it.
            advance: Called with the size of each piece.

        Raises:
            UnreachableError: The host does not answer, or not any more.
            ReleaseError: The file is not there.
        """
        with target.open("w+b") as file:
            for attempt in range(1, _ATTEMPTS + 1):
                start = file.tell()
                try:
                    self._append(url, file, advance)
                    break
                except PublisherUnreachableError:
                    if file.tell() == start or attempt == _ATTEMPTS:
                        raise
            file.seek(0)
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    def _append(self, url: str, file: BinaryIO, advance: Callable[[int], None]) -> None:
        def add(chunk: bytes) -> None:
            file.write(chunk)
            advance(len(chunk))

        headers = {"Range": f"bytes={file.tell()}-"} if file.tell() else {}
        with self._response("GET", url, headers) as response:
            _check(response, url)
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                file.seek(0)
                file.truncate()
            copy_body(response, add)

    @contextmanager
    def _response(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(seconds) if seconds else self._client.timeout
        host = url
        try:
            request = self._client.build_request(method, url, headers=dict(headers or {}), timeout=timeout)
            for _ in range(_MOST_REDIRECTS):
                host = request.url.host
                with closing(self._client.send(request, stream=True)) as response:
                    if response.next_request is None:
                        yield response
                        return
                if response.next_request.url.scheme not in ("https", request.url.scheme):
                    raise ReleaseError(f"{url} leads to {response.next_request.url.host} without TLS; it is refused")
                request = response.next_request
        except httpx.HTTPError as error:
            raise PublisherUnreachableError(host, _reason(error)) from None
        except (httpx.InvalidURL, UnicodeError):
            raise ReleaseError(f"{url} leads to no address") from None
        raise ReleaseError(f"{url} leads from one redirect to the next")


def _check(response: httpx.Response, url: str) -> None:
    if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        raise ReleaseError(f"{url} answers {response.status_code}")


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
