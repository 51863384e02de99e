"""The order of a chain: from the server's own certificate to its issuer, and so on up to the root.

TLS 1.2 wants this order (https://www.rfc-editor.org/rfc/rfc5246#section-7.4.2); files come in any.
"""

from collections.abc import Sequence
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
        has_issuer: Whether the issuer of the server's own certificate is there; it is, if that is self-signed.
    """

    sent: tuple[x509.Certificate, ...]
    has_issuer: bool

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own."""
        return self.sent[0]


def arrange_chain(certificates: Sequence[x509.Certificate], key: PrivateKeyTypes | None, now: datetime) -> Chain:
    """Return the chain of a server; certificates that have no place in it are left out.

    Args:
        certificates: At least one, in any order.
        key: The private key; the certificate that it belongs to is the server's own.
        now: The time; of several issuers of one name, one that is valid is taken.
    """
    path = [_leaf(certificates, key, now)]
    while not _issues(path[-1], path[-1]):
        issuers = [issuer for issuer in certificates if issuer not in path and _issues(issuer, path[-1])]
        if not issuers:
            return Chain(tuple(path), len(path) > 1)
        # The shortest way to a root: a root may also be there as another root certified it.
        path.append(max(issuers, key=lambda issuer: (_is_valid(issuer, now), _issues(issuer, issuer), _end(issuer))))
    return Chain(tuple(path[:-1] or path), has_issuer=True)


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
    return next((certificate for certificate in certificates if not _is_authority(certificate)), certificates[0])


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc


def _issues(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Names differ; or the library does not verify the signature, as of old roots with SHA-1: the names have to do.
        return certificate.issuer == issuer.subject
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
