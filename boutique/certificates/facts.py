"""Reads the public facts of a certificate: nothing in here is secret."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from boutique.certificates.certificate_facts import CertificateFacts
from boutique.certificates.chains import Chain
from boutique.certificates.naming import display_name, names, text

_CURVES = {ec.SECP256R1.name: "P-256", ec.SECP384R1.name: "P-384", ec.SECP521R1.name: "P-521"}


def facts(chain: Chain) -> CertificateFacts:
    """Return the facts of a chain's first certificate."""
    leaf = chain.leaf
    return CertificateFacts(
        subject=display_name(leaf),
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
