"""Public facts of a certificate: nothing in here is secret."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from boutique.certificates.chains import Chain
from boutique.certificates.naming import called, names, text

_CURVES = {ec.SECP256R1.name: "P-256", ec.SECP384R1.name: "P-384", ec.SECP521R1.name: "P-521"}


@dataclass(frozen=True)
class Facts:
    """What there is to know about a certificate.

    Attributes:
        subject: Whom it is made out to.
        names: The hosts that it is valid for.
        issuers: Its issuer, that one's issuer, and so on, as far as the source tells.
        not_before: From when on it is valid.
        not_after: Until when.
        key: The kind and the size of its key.
        fingerprint: SHA-256 of the whole certificate, as browsers show it.
    """

    subject: str
    names: tuple[str, ...]
    issuers: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    fingerprint: str

    def days_left(self, now: datetime | None = None) -> int:
        """Return the whole days until it expires; negative if it has."""
        return (self.not_after - (now or datetime.now(UTC))).days

    def to_dict(self) -> dict[str, str | list[str]]:
        """Return the same as JSON holds it."""
        return {
            "subject": self.subject,
            "names": list(self.names),
            "issuers": list(self.issuers),
            "notBefore": self.not_before.isoformat(),
            "notAfter": self.not_after.isoformat(),
            "key": self.key,
            "fingerprint": self.fingerprint,
        }


def facts(chain: Chain) -> Facts:
    """Return the facts of a chain's first certificate."""
    leaf = chain.leaf
    return Facts(
        subject=called(leaf),
        names=names(leaf),
        issuers=tuple(text(certificate.issuer) for certificate in chain.sent),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        key=kind_of_key(leaf),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def kind_of_key(certificate: x509.Certificate) -> str:
    """Return the kind and the size of a certificate's key, such as `RSA 2048` or `ECDSA P-256`."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"ECDSA {_CURVES.get(key.curve.name, key.curve.name)}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
    return type(key).__name__.removesuffix("PublicKey")
