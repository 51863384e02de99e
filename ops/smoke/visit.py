"""A visit to a shop: requests the pages of a journey in order, and reads the hops in their answers."""

import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from boutique.application.smoke_page import SmokePage
from ops.certificates.handshake import address
from ops.smoke.link import LOST, Link, UnreachableError
from support.deadline import Deadline
from support.hops import Hop

if TYPE_CHECKING:
    import httpx

_JSON = "application/json"
_LARGEST = 4 * 2**20
_UNKNOWN_ISSUER = (18, 19, 20, 21)
"""X509_V_ERR_ for a certificate of an unknown issuer: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/."""


class _PageError(Exception):
    pass


@dataclass(frozen=True, kw_only=True)
class Visited:
    """The result of one page.

    Attributes:
        page: The requested page.
        status: The status code of the answer; None if there was none.
        seconds: The duration of the request.
        hops: The hops that the answer lists, as those of stand-ins do; None if it lists none.
        problem: The error; empty if the page succeeded.
    """

    page: SmokePage
    status: int | None
    seconds: float
    hops: tuple[Hop, ...] | None
    problem: str


def visit(
    link: Link, pages: Sequence[SmokePage], trust: ssl.SSLContext, deadline: Deadline, progress: Callable[[str], None]
) -> tuple[Visited, ...]:
    """Request each page once, even if others before it failed.

    Args:
        link: The link to the shop.
        pages: In order; cookies are kept from page to page.
        trust: The SSL context.
        deadline: When to be done; pages without time left are not requested.
        progress: Receives each request.

    Raises:
        UnreachableError: No connection to the shop is possible.
    """
    import httpx

    from support.proxied import ProxiedTransport

    base = httpx.URL(scheme=link.scheme, host=address(link.host), port=link.port)
    with httpx.Client(base_url=base, transport=ProxiedTransport(trust), trust_env=False) as client:
        visited = []
        for page in pages:
            progress(page.request)
            visited.append(_request_page(client, link, page, deadline))
        return tuple(visited)


def _request_page(client: "httpx.Client", link: Link, page: SmokePage, deadline: Deadline) -> Visited:
    import httpx

    if deadline.is_over:
        return Visited(page=page, status=None, seconds=0, hops=None, problem="no time was left to request it")
    start, status, hops = deadline.spent, None, None
    try:
        response, body = _send(client, link, page, deadline)
        status = response.status_code
        error, hops = _parse_answer(response.headers.get("content-type", ""), body)
        problem = "" if status == page.status else _status_error(page, status, error)
    except httpx.ConnectError as error:
        raise UnreachableError(f"{link}: {_reason(error)}") from None
    except httpx.ConnectTimeout:
        raise UnreachableError(f"{link}: no answer in time; {LOST}") from None
    except httpx.TimeoutException:
        problem = "no answer in time"
    except (httpx.HTTPError, _PageError) as error:
        problem = str(error) or type(error).__name__
    return Visited(page=page, status=status, seconds=deadline.spent - start, hops=hops, problem=problem)


def _send(client: "httpx.Client", link: Link, page: SmokePage, deadline: Deadline) -> tuple["httpx.Response", bytes]:
    with client.stream(
        "GET" if page.form is None else "POST",
        page.path,
        data=page.form,
        headers={"Host": link.authority, "Accept": f"{_JSON}, text/html;q=0.9", "User-Agent": "boutique-smoke"},
        extensions={"sni_hostname": link.host},
        timeout=deadline.left,
    ) as response:
        body = b""
        for part in response.iter_bytes():
            body += part
            if deadline.is_over or len(body) > _LARGEST:
                raise _PageError("the answer does not end")
        return response, body


def _parse_answer(content_type: str, body: bytes) -> tuple[str, tuple[Hop, ...] | None]:
    """Return the error and the hops in an answer; only answers of stand-ins have them."""
    if not content_type.startswith(_JSON):
        return "", None
    try:
        content = json.loads(body)
        return content["error"] or "", tuple(Hop(**hop) for hop in content["hops"])
    except (ValueError, TypeError, KeyError):
        return "", None


def _status_error(page: SmokePage, status: int, error: str) -> str:
    phrase = f"{status} {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else str(status)
    return f"answered {phrase} instead of {page.status}{f': {error}' if error else ''}"


def _reason(error: BaseException) -> str:
    """Return why a connection failed: the innermost cause."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = "; give --cacert with the authority that signed it" if cause.verify_code in _UNKNOWN_ISSUER else ""
            return f"its certificate is not trusted: {cause.verify_message}{hint}"
        if isinstance(cause, OSError) and cause.strerror:
            return f"{cause.strerror}; {LOST}"
        cause = cause.__cause__ or cause.__context__
    return f"{str(error) or type(error).__name__}; {LOST}"
