"""Whether a certificate can serve its hosts: what browsers or the gateway would refuse, each with a remedy."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from boutique.certificates.certificate_hosts import uncovered
from boutique.certificates.chains import Chain, belongs
from boutique.certificates.facts import kind_of_key
from boutique.certificates.form import missing_extensions
from boutique.certificates.naming import called, names, text
from boutique.certificates.reading import CertificateContent

WARN_BEFORE = timedelta(days=30)
"""How long before its end a certificate is worth a warning."""

_LEAST_RSA_BITS = 2048
_CURVES = (ec.SECP256R1.name, ec.SECP384R1.name)
_BROKEN_HASHES = (hashes.MD5.name, hashes.SHA1.name)
_SERVER = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


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
    yield from (f"{content.at}: {message}" for message in _order(chain, with_issuer=with_issuer))
    yield from (f"{content.at}: {message}" for certificate in chain.sent for message in _begins(certificate, now))
    yield from (f"{content.at}: {message}" for message in _hosts(chain.leaf, hosts))
    yield from (f"{content.at}: {message}" for message in _strength(chain))
    yield from (f"{content.at}: {message}" for message in _purpose(chain.leaf))


def key_errors(content: CertificateContent, chain: Chain) -> Iterator[str]:
    """Yield a line for what is wrong with the private key."""
    if content.key is None:
        yield f"{content.key_at}: holds no private key; export it again with its key"
    elif not belongs(chain.leaf, content.key):
        yield (
            f"{content.key_at}: is not the key of '{called(chain.leaf)}' in {content.at}; "
            "give the key that this certificate was requested with"
        )


def expired(content: CertificateContent, chain: Chain, now: datetime) -> Iterator[str]:
    """Yield a line for each certificate that has expired: browsers refuse it, but it was valid when it was deployed."""
    for certificate in chain.sent:
        ends = certificate.not_valid_after_utc
        if now > ends:
            yield f"{content.at}: '{called(certificate)}' expired on {_day(ends)}, {_days(now - ends)} ago; renew it"


def warnings(content: CertificateContent, chain: Chain, now: datetime) -> Iterator[str]:
    """Yield a line for what will be wrong soon, or is wrong for some clients."""
    for certificate in chain.sent:
        ends = certificate.not_valid_after_utc
        if timedelta() < ends - now < WARN_BEFORE:
            yield f"{content.at}: '{called(certificate)}' expires on {_day(ends)}, in {_days(ends - now)}; renew it"
    yield from (f"{content.at}: {line}" for line in missing_extensions(chain))


def _order(chain: Chain, *, with_issuer: bool) -> Iterator[str]:
    if with_issuer and not chain.has_issuer:
        yield (
            f"the certificate of '{text(chain.leaf.issuer)}', which issued '{called(chain.leaf)}', is missing; "
            "add it, even if it is the root"
        )
    for certificate in chain.foreign:
        yield f"'{called(certificate)}' issued none of the other certificates; remove it"


def _begins(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    begins = certificate.not_valid_before_utc
    if now < begins:
        yield (
            f"'{called(certificate)}' is not valid before {_day(begins)}, in {_days(begins - now)}; "
            "take one that is valid today, or set this machine's clock"
        )


def _hosts(leaf: x509.Certificate, hosts: Sequence[str]) -> Iterator[str]:
    covered = names(leaf)
    if missing := uncovered(hosts, covered):
        valid = f"only for {', '.join(covered)}" if covered else "or any other host"
        yield (
            f"'{called(leaf)}' is not valid for {' or '.join(missing)}, {valid}; "
            "request one that has every host as a subject alternative name"
        )


def _strength(chain: Chain) -> Iterator[str]:
    for certificate in chain.sent:
        kind = kind_of_key(certificate)
        if not _strong(certificate):
            yield (
                f"the key of '{called(certificate)}' is {kind}, which browsers or the gateway refuse; "
                f"request one with a key of RSA {_LEAST_RSA_BITS} or more, or ECDSA P-256 or P-384"
            )
        algorithm = _hash(certificate)
        if algorithm in _BROKEN_HASHES:
            yield f"'{called(certificate)}' is signed with {algorithm.upper()}, which browsers refuse; request it anew"


def _strong(certificate: x509.Certificate) -> bool:
    """Say whether the gateway and all browsers take a key.

    Envoy 1.38 refuses RSA below 2048 bits and any curve but P-256, P-384 and P-521. It loads P-521 and Ed25519, but
    Chrome offers neither, so that no handshake comes about.
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES


def _hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm else ""


def _purpose(leaf: x509.Certificate) -> Iterator[str]:
    try:
        allowed = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not _SERVER & set(allowed):
        yield f"'{called(leaf)}' is not for servers (extended key usage); request one with serverAuth"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}" if span.days else "less than a day"
