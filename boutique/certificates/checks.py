"""Whether a certificate can serve its hosts: its key, its issuer, its dates and its names, each with a remedy."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from boutique.certificates.certificate_hosts import uncovered_hosts
from boutique.certificates.chains import Chain, belongs
from boutique.certificates.naming import display_name, names, text
from boutique.certificates.reading import CertificateContent

WARN_BEFORE = timedelta(days=30)
"""How long before its end a certificate is worth a warning."""


def errors(
    content: CertificateContent, chain: Chain, hosts: Sequence[str], now: datetime, *, with_issuer: bool = True
) -> Iterator[str]:
    """Yield a line for each reason not to use a certificate, apart from its key.

    Args:
        content: Where it comes from.
        chain: The same in order.
        hosts: What it has to be valid for.
        now: The time.
        with_issuer: Whether the certificate of the issuer has to be there.
    """
    if with_issuer and not chain.has_issuer:
        yield (
            f"{content.at}: the certificate of '{text(chain.leaf.issuer)}', which issued '{display_name(chain.leaf)}', "
            "is missing; add it, even if it is the root"
        )
    yield from (f"{content.at}: {message}" for certificate in chain.sent for message in _begins(certificate, now))
    yield from (f"{content.at}: {message}" for message in _hosts(chain.leaf, hosts))


def key_errors(content: CertificateContent, chain: Chain) -> Iterator[str]:
    """Yield a line for what is wrong with the private key."""
    if content.key is None:
        yield f"{content.key_at}: holds no private key; export it again with its key"
    elif not belongs(chain.leaf, content.key):
        yield (
            f"{content.key_at}: is not the key of '{display_name(chain.leaf)}' in {content.at}; "
            "give the key that this certificate was requested with"
        )


def expiry_errors(content: CertificateContent, chain: Chain, now: datetime) -> Iterator[str]:
    """Yield a line for each certificate that has expired: browsers refuse it, but it was valid when it was deployed."""
    for certificate in chain.sent:
        ends, name = certificate.not_valid_after_utc, display_name(certificate)
        if now > ends:
            yield f"{content.at}: '{name}' expired on {_day(ends)}, {_days(now - ends)} ago; renew it"


def warnings(content: CertificateContent, chain: Chain, now: datetime) -> Iterator[str]:
    """Yield a line for each certificate that expires soon."""
    for certificate in chain.sent:
        ends, name = certificate.not_valid_after_utc, display_name(certificate)
        if timedelta() < ends - now < WARN_BEFORE:
            yield f"{content.at}: '{name}' expires on {_day(ends)}, in {_days(ends - now)}; renew it"


def _begins(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    begins = certificate.not_valid_before_utc
    if now < begins:
        yield (
            f"'{display_name(certificate)}' is not valid before {_day(begins)}, in {_days(begins - now)}; "
            "take one that is valid today, or set this machine's clock"
        )


def _hosts(leaf: x509.Certificate, hosts: Sequence[str]) -> Iterator[str]:
    covered = names(leaf)
    if missing := uncovered_hosts(hosts, covered):
        valid = f"only for {', '.join(covered)}" if covered else "or any other host"
        yield (
            f"'{display_name(leaf)}' is not valid for {' or '.join(missing)}, {valid}; "
            "request one that has every host as a subject alternative name"
        )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}" if span.days else "less than a day"
