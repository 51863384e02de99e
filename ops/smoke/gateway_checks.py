"""The front door of an environment: its certificate, and what becomes of those who come by plain HTTP."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from boutique.certificates.certificate import inspect
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.facts import Facts
from boutique.certificates.reading import CertificateContent
from ops.certificates.handshake import address, shown
from ops.errors import OperationError
from ops.smoke.link import LOST, Link, UnreachableError
from support.deadline import Deadline
from support.trust import without_strict_checks


class TrustError(OperationError):
    """A file with authorities to trust cannot be used; the text names it."""


@dataclass(frozen=True, kw_only=True)
class ServedCertificate:
    """The certificate that a host is served with.

    Attributes:
        facts: About it.
        protocol: The version of TLS that was agreed on.
        mistakes: A line for each reason not to trust it.
        warnings: A line for what will be wrong soon.
    """

    facts: Facts
    protocol: str
    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]


class Sent(StrEnum):
    """What becomes of a request by plain HTTP."""

    TO_HTTPS = "to https"
    ELSEWHERE = "elsewhere"
    SERVED = "served"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """What becomes of those who come by plain HTTP.

    Attributes:
        source: Where they come; None if that is not known.
        sent: What becomes of them.
        said: The same in words.
    """

    source: Link | None
    sent: Sent
    said: str


def trust(given: Path | None, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return whose certificates are believed: the system's authorities, a given one, and the lab's.

    Args:
        given: A file with certificates of authorities.
        environment: Of this process; the shell of a lab names the lab's files in it.

    Raises:
        TrustError: A file has no certificate in it.
    """
    context = without_strict_checks(ssl.create_default_context())
    labs = (
        Path(environment["BOUTIQUE_LAB_FILES"]) / "certificate/ca.crt" if "BOUTIQUE_LAB_FILES" in environment else None
    )
    for path in filter(None, (given, labs if labs and labs.is_file() else None)):
        try:
            context.load_verify_locations(path)
        except ssl.SSLError:
            raise TrustError(f"{path}: holds no certificate in PEM; give the one of the authority to trust") from None
    return context


def served(link: Link, deadline: Deadline, now: datetime | None = None) -> ServedCertificate:
    """Look at the certificate that a host is served with, trusted or not.

    Raises:
        UnreachableError: Nobody answers, or not with TLS.
    """
    at = f"{link.host}:{link.port}"
    try:
        answer = shown(link.host, link.port, link.host, deadline.left)
    except CertificateError as error:
        raise UnreachableError(f"{error.errors[0]}; {LOST}") from None
    found = inspect(
        CertificateContent(answer.certificates, None, at, at), (link.host,), now, with_key=False, with_issuer=False
    )
    mistakes = found.errors + found.expired
    return ServedCertificate(facts=found.facts, protocol=answer.protocol, mistakes=mistakes, warnings=found.warnings)


def redirect(source: Link | None, target: Link, deadline: Deadline) -> Redirect:
    """Come by plain HTTP once, and see where that leads.

    Args:
        source: Where to come; None if nobody knows.
        target: The link that should be named in the answer.
        deadline: When to give up.
    """
    import httpx

    from support.proxied import ProxiedTransport
    from support.trust import ssl_context

    if source is None:
        return Redirect(source=None, sent=Sent.UNKNOWN, said="the port of plain HTTP is not known")
    url = httpx.URL(scheme="http", host=address(source.host), port=source.port, path="/")
    headers = {"Host": source.authority}
    try:
        # The body does not matter.
        with (
            httpx.Client(transport=ProxiedTransport(ssl_context()), trust_env=False) as client,
            client.stream("GET", url, headers=headers, timeout=deadline.left) as answer,
        ):
            pass
    except httpx.HTTPError as error:
        said = f"{source} does not answer: {str(error) or type(error).__name__}"
        return Redirect(source=source, sent=Sent.UNKNOWN, said=said)
    if not answer.has_redirect_location:
        sent = Sent.SERVED if answer.is_success else Sent.REFUSED
        said = f"{source} answers {answer.status_code} {answer.reason_phrase}"
        return Redirect(source=source, sent=sent, said=said)
    to = answer.headers["location"]
    sent = Sent.TO_HTTPS if to.rstrip("/") == str(target) else Sent.ELSEWHERE
    return Redirect(source=source, sent=sent, said=f"{source} leads to {to}")
