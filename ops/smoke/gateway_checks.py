"""Checks of an environment's gateway: its certificate, and its answer to plain HTTP."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from boutique.certificates.certificate import inspect
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_facts import CertificateFacts
from boutique.certificates.reading import CertificateContent
from ops.certificates.handshake import address, fetch_certificate
from ops.errors import OperationError
from ops.smoke.link import LOST, Link, UnreachableError
from support.deadline import Deadline
from support.trust import without_strict_checks


class TrustError(OperationError):
    """A file with authorities to trust cannot be used; the text names it."""


@dataclass(frozen=True, kw_only=True)
class ServedCertificate:
    """The certificate that a server sends for a host.

    Attributes:
        facts: Its content.
        protocol: The negotiated version of TLS.
        errors: One line per reason not to trust it.
        warnings: One line per error to come.
    """

    facts: CertificateFacts
    protocol: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


class Sent(StrEnum):
    """How the gateway answers a request by plain HTTP."""

    TO_HTTPS = "to https"
    ELSEWHERE = "elsewhere"
    SERVED = "served"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """The gateway's answer to a request by plain HTTP.

    Attributes:
        source: The link of the request; None if its port is unknown.
        sent: The kind of answer.
        description: The same in words.
    """

    source: Link | None
    sent: Sent
    description: str


def trust(authority: Path | None, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return an SSL context that trusts the system's authorities, the lab's, and those of a file.

    Args:
        authority: A PEM file with certificates of authorities.
        environment: The variables of this process; the shell of a lab names the lab's files in them.

    Raises:
        TrustError: A file has no certificate in it.
    """
    context = without_strict_checks(ssl.create_default_context())
    lab_authority = (
        Path(environment["BOUTIQUE_LAB_FILES"]) / "certificate/ca.crt" if "BOUTIQUE_LAB_FILES" in environment else None
    )
    for path in filter(None, (authority, lab_authority if lab_authority and lab_authority.is_file() else None)):
        try:
            context.load_verify_locations(path)
        except ssl.SSLError:
            raise TrustError(f"{path}: holds no certificate in PEM; give the one of the authority to trust") from None
    return context


def served_certificate(link: Link, deadline: Deadline, now: datetime | None = None) -> ServedCertificate:
    """Fetch and inspect the certificate that a server sends for a host, trusted or not.

    Raises:
        UnreachableError: No server answers, or not with TLS.
    """
    authority = f"{link.host}:{link.port}"
    try:
        handshake = fetch_certificate(link.host, link.port, link.host, deadline.left)
    except CertificateError as error:
        raise UnreachableError(f"{error.errors[0]}; {LOST}") from None
    inspection = inspect(
        CertificateContent(handshake.certificates, None, authority, authority),
        (link.host,),
        now,
        with_key=False,
        with_issuer=False,
    )
    errors = inspection.errors + inspection.expired
    return ServedCertificate(
        facts=inspection.facts, protocol=handshake.protocol, errors=errors, warnings=inspection.warnings
    )


def redirect(source: Link | None, target: Link, deadline: Deadline) -> Redirect:
    """Send one request by plain HTTP, and return where its answer leads.

    Args:
        source: The link to request; None if its port is unknown.
        target: The link that the answer should redirect to.
        deadline: When to give up.
    """
    import httpx

    from support.proxied import ProxiedTransport
    from support.trust import ssl_context

    if source is None:
        return Redirect(source=None, sent=Sent.UNKNOWN, description="the port of plain HTTP is unknown")
    url = httpx.URL(scheme="http", host=address(source.host), port=source.port, path="/")
    headers = {"Host": source.authority}
    try:
        # The body does not matter.
        with (
            httpx.Client(transport=ProxiedTransport(ssl_context()), trust_env=False) as client,
            client.stream("GET", url, headers=headers, timeout=deadline.left) as response,
        ):
            pass
    except httpx.HTTPError as error:
        description = f"{source} does not answer: {str(error) or type(error).__name__}"
        return Redirect(source=source, sent=Sent.UNKNOWN, description=description)
    if not response.has_redirect_location:
        sent = Sent.SERVED if response.is_success else Sent.REFUSED
        description = f"{source} answers {response.status_code} {response.reason_phrase}"
        return Redirect(source=source, sent=sent, description=description)
    location = response.headers["location"]
    sent = Sent.TO_HTTPS if location.rstrip("/") == str(target) else Sent.ELSEWHERE
    return Redirect(source=source, sent=sent, description=f"{source} leads to {location}")
