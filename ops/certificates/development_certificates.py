"""Certificates for development: created if none is valid for the hosts, kept otherwise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_hosts import is_address
from ops.certificates.authority import NAME, authority
from support import certificate_issuing
from support.certificate_issuing import Leaf, split_pem
from support.files import replace_file

AUTHORITY_FILE, CHAIN_FILE, KEY_FILE, PFX_FILE = "ca.crt", "tls.crt", "tls.key", "tls.pfx"

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_PUBLIC = 0o644


@dataclass(frozen=True)
class Development:
    """A development certificate on disk.

    Attributes:
        folder: The folder of its files.
        names: The DNS names that it is valid for.
        ends: The end of its validity.
        is_new: Whether it was created just now.
        has_new_authority: Whether its authority was created just now, so that no client trusts it yet.
    """

    folder: Path
    names: tuple[str, ...]
    ends: datetime
    is_new: bool
    has_new_authority: bool


def development_certificate(
    folder: Path, hosts: Sequence[str], *, days: int = 90, renew: bool = False, now: datetime | None = None
) -> Development:
    """Put a certificate for hosts and all names one label below them into a folder, with its key and its authority.

    An existing certificate stays, unless it is for other hosts, has less than 30 days left, or is incomplete.

    Args:
        folder: Gets `tls.crt` (with the issuer), `tls.key` and `ca.crt`.
        hosts: Such as `shop.localhost`.
        days: The validity of a new certificate.
        renew: Whether to create a new certificate in any case.
        now: The current time; None for the clock.

    Raises:
        CertificateError: A host is not a DNS name, or the authority may not sign for it.
    """
    now = now or datetime.now(UTC)
    leaf = Leaf(CHAIN_FILE, f"{NAME} certificate", names=_names(hosts))
    signer = authority(hosts, now)
    folder.mkdir(parents=True, exist_ok=True)
    is_new = renew or not _is_valid(folder, leaf, signer.certificate, now)
    if is_new:
        lifetime = timedelta(days=days)
        certificate, key = split_pem(certificate_issuing.issue(leaf, signer.certificate, signer.key, now, lifetime))
        # A reader in between gets a key that does not match; after a crash here, the next run replaces both.
        replace_file(folder / KEY_FILE, key)
        replace_file(folder / CHAIN_FILE, certificate + signer.pem, _PUBLIC)
    replace_file(folder / AUTHORITY_FILE, signer.pem, _PUBLIC)
    ends = x509.load_pem_x509_certificate((folder / CHAIN_FILE).read_bytes()).not_valid_after_utc
    return Development(folder, leaf.names, ends, is_new, signer.is_new)


def write_pfx(folder: Path, password: str) -> Path:
    """Put the certificate in a folder, with its key and its issuer, into a PFX beside it; return the path."""
    certificate, *issuers = x509.load_pem_x509_certificates((folder / CHAIN_FILE).read_bytes())
    key = certificate_issuing.private_key((folder / KEY_FILE).read_bytes())
    encryption = BestAvailableEncryption(password.encode())
    content = pkcs12.serialize_key_and_certificates(NAME.encode(), key, certificate, issuers, encryption)
    replace_file(folder / PFX_FILE, content)
    return folder / PFX_FILE


def _names(hosts: Sequence[str]) -> tuple[str, ...]:
    if errors := [error for host in hosts if (error := _host_error(host))]:
        raise CertificateError(errors)
    names = [name for host in sorted(set(hosts)) for name in (host, f"*.{host}")]
    # Browsers reject a wildcard in front of a single label.
    return tuple(name for name in names if not name.startswith("*.") or name.count(".") > 1)


def _host_error(host: str) -> str:
    if len(host) <= 253 and re.fullmatch(rf"({_LABEL}\.)*{_LABEL}", host) and not is_address(host):
        return ""
    return f"{host!r}: must be a DNS name in lower case such as shop.localhost; names under it are covered with it"


def _is_valid(folder: Path, leaf: Leaf, signer: x509.Certificate, now: datetime) -> bool:
    try:
        chain, key = (folder / CHAIN_FILE).read_bytes(), (folder / KEY_FILE).read_bytes()
        fits = x509.load_pem_x509_certificate(chain).public_key() == certificate_issuing.private_key(key).public_key()
        return fits and certificate_issuing.is_valid(leaf, chain, signer, now)
    except (FileNotFoundError, ValueError, TypeError):
        return False
