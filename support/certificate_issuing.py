"""Issues certificates, for the lab or for development, and says when one has to be renewed."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Leaf:
    """A certificate to issue: a server's if it has names, otherwise a client's."""

    file: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = ()


def authority(now: datetime, common_name: str = "boutique-lab-ca", domains: Sequence[str] = ()) -> str:
    """Return a new certificate authority: its certificate and its key.

    Args:
        now: From when on it is valid.
        common_name: What it is called.
        domains: It may sign only for these names, the ones under them, and no addresses; for anything if not given.
    """
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        _builder(name, name, key.public_key(), now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    if domains:
        builder = builder.add_extension(_only_for(domains), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode() + pem(key)


def issue(
    leaf: Leaf,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta = _LEAF_LIFE,
) -> str:
    """Return a new certificate and its key."""
    key = new_key()
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if leaf.names else ExtendedKeyUsageOID.CLIENT_AUTH
    life = min(life, authority.not_valid_after_utc - now)
    builder = (
        _builder(_subject(leaf), authority.subject, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        # Python's ssl refuses a chain without these two from 3.13 on (VERIFY_X509_STRICT).
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if leaf.names:
        builder = builder.add_extension(_alternative_names(leaf), critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode() + pem(key)


def is_valid(leaf: Leaf, pem: bytes, authority: x509.Certificate, now: datetime) -> bool:
    """Say whether a certificate fits its description, is signed by this authority, and does not expire soon."""
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError):
        return False
    return (
        not expires_soon(certificate, now)
        and certificate.subject == _subject(leaf)
        and _names(certificate) == leaf.names
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in extension.value)


def expires_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Say whether a certificate has to be renewed."""
    return certificate.not_valid_after_utc - now < _RENEW_BEFORE


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A clock that is set back a little must not make a new certificate one of the future.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _only_for(domains: Sequence[str]) -> x509.NameConstraints:
    # A kind of name that is not mentioned is not constrained (RFC 5280, section 4.2.1.10).
    every_address = [x509.IPAddress(ipaddress.ip_network(network)) for network in ("0.0.0.0/0", "::/0")]
    return x509.NameConstraints([x509.DNSName(domain) for domain in domains], every_address)


def _subject(leaf: Leaf) -> x509.Name:
    organization = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, leaf.organization)] if leaf.organization else []
    return x509.Name([*organization, x509.NameAttribute(NameOID.COMMON_NAME, leaf.common_name)])


def _alternative_names(leaf: Leaf) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for name in leaf.names:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            names.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(names)


def private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key in a file of ours."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = f"an elliptic-curve key was expected, not {type(key).__name__}"
        raise TypeError(message)
    return key


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a key as every reader of ours understands it."""
    # kube-apiserver derives the public key of ServiceAccount tokens from no other form (client-go, ParsePublicKeysPEM).
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def split_pem(pem: str) -> tuple[str, str]:
    """Return the certificate and the key of a PEM file that has both, in this order."""
    certificate, end, key = pem.partition("-----END CERTIFICATE-----\n")
    return certificate + end, key
