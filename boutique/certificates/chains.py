"""The order of a chain: from the server's own certificate to its issuer, and so on up to the root.

TLS 1.2 wants this order (https://www.rfc-editor.org/rfc/rfc5246#section-7.4.2); files come in any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


@dataclass(frozen=True)
class Chain:
    """Certificates in order.

    Attributes:
        sent: What a server sends: its own, its issuer, and so on without the root, which clients have.
        root: The root, if the source holds it; the server's own if that is self-signed.
        foreign: What has no place in the chain.
    """

    sent: tuple[x509.Certificate, ...]
    root: x509.Certificate | None
    foreign: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own."""
        return self.sent[0]

    @property
    def has_issuer(self) -> bool:
        """Whether the issuer of the server's own certificate is there; without the root, no more can be checked."""
        return len(self.sent) > 1 or self.root is not None


def arranged(certificates: Sequence[x509.Certificate], key: PrivateKeyTypes | None, now: datetime) -> Chain:
    """Return the chain that is in a heap of certificates: of several one that is valid as a whole, if there is one.

    Args:
        certificates: At least one, in any order.
        key: The private key; the certificate that it belongs to is the server's own.
        now: The time.
    """
    heap = list(dict.fromkeys(certificates))
    paths = list(_paths([_leaf(certificates, key, now)], heap))
    path = max(paths, key=lambda path: (all(_is_valid(one, now) for one in path), [_preference(one) for one in path]))
    root = path[-1] if _issued(path[-1], path[-1]) else None
    sent = path[:-1] if root is not None and len(path) > 1 else path
    related = {certificate for one in paths for certificate in one}
    return Chain(tuple(sent), root, tuple(certificate for certificate in heap if certificate not in related))


def _paths(path: list[x509.Certificate], heap: Sequence[x509.Certificate]) -> Iterator[list[x509.Certificate]]:
    """Yield every way from the end of a path to a root, or to where the next issuer is missing."""
    issuers = (
        []
        if _issued(path[-1], path[-1])
        else [certificate for certificate in heap if certificate not in path and _issued(path[-1], certificate)]
    )
    if not issuers:
        yield path
    for issuer in issuers:
        yield from _paths([*path, issuer], heap)


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def belongs(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    """Say whether a private key is the one of a certificate."""
    try:
        return certificate.public_key() == key.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False


def _leaf(certificates: Sequence[x509.Certificate], key: PrivateKeyTypes | None, now: datetime) -> x509.Certificate:
    owned = [certificate for certificate in certificates if key is not None and belongs(certificate, key)]
    if owned:
        # One key may have an old certificate and its renewal, which may not be valid yet.
        return max(owned, key=lambda certificate: (_is_valid(certificate, now), certificate.not_valid_before_utc))
    last = [
        certificate
        for certificate in certificates
        if not any(_issued(other, certificate) for other in certificates if other != certificate)
    ]
    return next((certificate for certificate in last if not _is_authority(certificate)), (last or certificates)[0])


def _preference(issuer: x509.Certificate) -> tuple[bool, datetime]:
    # A root may also be there as another root certified it, for clients that know only that one; and an intermediate
    # authority twice, with its renewal.
    return not _issued(issuer, issuer), issuer.not_valid_after_utc


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library verifies no SHA-1 any more, with which old roots are signed: the names have to do.
        return True
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
