"""From the bytes of a PFX or of PEM texts to certificates and a key.

PFX: https://www.rfc-editor.org/rfc/rfc7292 (PKCS #12), PEM: https://www.rfc-editor.org/rfc/rfc7468
"""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12

from boutique.certificates.certificate_errors import CertificateError


@dataclass(frozen=True)
class CertificatePart:
    """One part of a source.

    Attributes:
        where: What its owner calls it: a key of the configuration, or a file.
        content: What it holds; None if it is not there.
    """

    where: str
    content: bytes | None = field(repr=False)


@dataclass(frozen=True)
class CertificateContent:
    """What a source holds, in no order and not checked.

    Attributes:
        certificates: All of them, once each.
        key: The private key, if the source holds one.
        at: What the owner calls the part with the certificates.
        key_at: The same for the part with the key.
    """

    certificates: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes | None = field(repr=False)
    at: str
    key_at: str


def read_pfx(pfx: CertificatePart, password: CertificatePart) -> CertificateContent:
    """Return the content of a PFX that is encrypted with AES, or with 3DES or RC2 as in older files.

    Raises:
        CertificateError: It cannot be read.
    """
    try:
        pkcs12_content = pkcs12.load_pkcs12(pfx.content or b"", password.content)
    except (ValueError, UnsupportedAlgorithm) as error:
        # The library has one exception for both (rust/src/pkcs12.rs); only the text tells them apart.
        if "password" not in str(error).lower():
            raise CertificateError(
                [f"{pfx.where}: is no PFX (PKCS #12) file, or a damaged one; export it again"]
            ) from None
        if password.content:
            message = f"is not the password of the PFX in {pfx.where}; set the one that it was exported with"
        else:
            message = f"is missing, and the PFX in {pfx.where} has a password; set the one that it was exported with"
        raise CertificateError([f"{password.where}: {message}"]) from None
    held = [
        entry.certificate
        for entry in ((pkcs12_content.cert,) if pkcs12_content.cert else ()) + tuple(pkcs12_content.additional_certs)
    ]
    if not held:
        raise CertificateError([f"{pfx.where}: holds no certificate; export it again with its certificate and its key"])
    return CertificateContent(_readable(held, pfx.where), pkcs12_content.key, pfx.where, pfx.where)


def read_pem(chain: CertificatePart, key: CertificatePart, password: CertificatePart) -> CertificateContent:
    """Return what two PEM texts hold; either may hold more than is looked for in it, and both may be the same.

    Args:
        chain: With the certificates.
        key: With the private key.
        password: Of the private key, if that is encrypted.

    Raises:
        CertificateError: One of them cannot be read, or both.
    """
    errors: list[str] = []
    certificates: tuple[x509.Certificate, ...] = ()
    private: PrivateKeyTypes | None = None
    try:
        certificates = read_certificates(chain)
    except CertificateError as error:
        errors += error.errors
    try:
        private = read_private_key(key, password)
    except CertificateError as error:
        errors += error.errors
    if errors:
        raise CertificateError(errors)
    return CertificateContent(certificates, private, chain.where, key.where)


def read_certificates(chain: CertificatePart) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a PEM text.

    Raises:
        CertificateError: There is none, or one cannot be read.
    """
    content = chain.content or b""
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise CertificateError(
            [f"{chain.where}: holds no certificate in PEM form; it has to have a line -----BEGIN CERTIFICATE-----"]
        )
    try:
        return _readable(x509.load_pem_x509_certificates(content), chain.where)
    except ValueError:
        raise CertificateError([_unreadable_message(chain.where)]) from None


def read_private_key(key: CertificatePart, password: CertificatePart) -> PrivateKeyTypes:
    """Return the private key in a PEM text.

    Raises:
        CertificateError: There is none, or it cannot be read.
    """
    try:
        return serialization.load_pem_private_key(key.content or b"", password.content)
    except TypeError:
        # The library's way to say that one is encrypted and the other is not there, or the other way round.
        if password.content:
            message = f"the key in {key.where} has no password; remove this one"
        else:
            message = f"is missing, and the key in {key.where} has a password; set it, or give the key without one"
        raise CertificateError([f"{password.where}: {message}"]) from None
    except (ValueError, UnsupportedAlgorithm):
        # One wrong password in 256 leaves bytes that look whole and are no key: the error does not tell it from damage.
        if b"ENCRYPTED" in (key.content or b""):
            message = f"{password.where}: is not the password of the key in {key.where}; set the right one"
        else:
            message = (
                f"{key.where}: holds no private key in PEM form, or a damaged one; "
                "it has to have a line -----BEGIN PRIVATE KEY----- or the like"
            )
        raise CertificateError([message]) from None


def _readable(certificates: list[x509.Certificate], where: str) -> tuple[x509.Certificate, ...]:
    """Return each certificate once, after a look at what is only parsed when it is asked for."""
    for certificate in certificates:
        try:
            _ = certificate.extensions, certificate.subject, certificate.issuer
        except ValueError:
            raise CertificateError([_unreadable_message(where)]) from None
    return tuple(dict.fromkeys(certificates))


def _unreadable_message(where: str) -> str:
    return f"{where}: holds a certificate that cannot be read; export it again"
