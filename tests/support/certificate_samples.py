"""Certificates that tests are made with: any kind, good or bad."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOST = "shop.example"
HOSTS = (HOST, f"*.{HOST}")
Secrets = dict[str, str | None]
CERTIFICATE_AUTHORITY = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
PASSWORD = "canary-of-the-password"  # noqa: S105 - a canary


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self, password: str = "") -> str:
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        text: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        return text.decode()

    def pfx(self, *others: "Issued", password: str = PASSWORD) -> str:
        """Return a PFX in base64, with other certificates in the order given."""
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        certificates = [certificate.certificate for certificate in others]
        data = pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, certificates, encryption)
        return base64.b64encode(data).decode()


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    hosts: Sequence[str] = (),
    key: Any = None,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=90),
    now: datetime = NOW,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    strict: bool = True,
    constraints_critical: bool = True,
) -> Issued:
    """Return a new certificate: an authority's if it has no hosts, and a root's if it has no issuer.

    With `strict=False` it lacks the extensions that RFC 5280 demands and most clients do without.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=constraints_critical)
    )
    if strict:
        # What a verifier asks for that is as strict as Python's `ssl` from 3.13 on.
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
        if not hosts:
            builder = builder.add_extension(CERTIFICATE_AUTHORITY, critical=True)
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    digest = None if type(signer).__name__.startswith("Ed") else hashes.SHA256()
    return Issued(builder.sign(signer, digest), key)


def authorities() -> tuple[Issued, Issued, Issued]:
    """Return a root and two authorities below it, each issued by the one before."""
    root = issue("Root")
    outer = issue("Outer", root)
    return root, outer, issue("Inner", outer)


ROOT, OUTER, INNER = authorities()
GOOD = issue(HOST, INNER, hosts=HOSTS)


def leaf(**different: Any) -> Issued:
    """Return a certificate for the hosts that is different from a good one."""
    return issue(**{"name": HOST, "issuer": INNER, "hosts": HOSTS, **different})


def pfx(server: Issued, *others: Issued, password: str = PASSWORD) -> Secrets:
    """Return the secrets of a stack whose certificate is a PFX."""
    return {"certificatePfx": server.pfx(*others, password=password), "certificatePassword": password}


def pfx_with_chain(server: Issued) -> Secrets:
    """Return the same with all authorities."""
    return pfx(server, ROOT, OUTER, INNER)


def pem(*certificates: Issued, key: str | None = None) -> Secrets:
    """Return the secrets of a stack whose certificate is in PEM, with the key of the first one."""
    chain = "".join(certificate.pem for certificate in certificates)
    return {"certificateChain": chain, "certificateKey": key or certificates[0].key_pem()}
