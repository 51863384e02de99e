"""The authority that signs development certificates: one per user, trusted once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from boutique.certificates.certificate_errors import CertificateError
from support import certificate_issuing, paths
from support.certificate_issuing import split_pem
from support.files import lock_folder, replace_file

NAME = "Boutique development"
# Reserved names, which have no owner: https://www.rfc-editor.org/rfc/rfc6761#section-6.
_RESERVED = ("localhost", "test")
_FILE = "ca.pem"


@dataclass(frozen=True)
class Authority:
    """A certificate authority with its key.

    Attributes:
        certificate: The certificate for clients to trust.
        pem: The same as text.
        key: Its private key.
        is_new: Whether it was created just now, so that no client trusts it yet.
    """

    certificate: x509.Certificate
    pem: str
    key: EllipticCurvePrivateKey = field(repr=False)
    is_new: bool


def authority(hosts: Sequence[str], now: datetime) -> Authority:
    """Return the authority; create it if it is missing or about to expire.

    It is safe to trust: it may sign only for reserved names, and for the hosts that it was created for.

    Args:
        hosts: The hosts to sign for.
        now: The current time.

    Raises:
        CertificateError: It may not sign for these hosts, or is damaged.
    """
    path = paths.authority() / _FILE
    with lock_folder(paths.authority(), lambda: None):
        if path.exists():
            existing = _read(path.read_text(), is_new=False)
            if not certificate_issuing.expires_soon(existing.certificate, now):
                _check(existing.certificate, hosts)
                return existing
        domains = [*_RESERVED, *(host for host in sorted(set(hosts)) if not _under(host, _RESERVED))]
        text = certificate_issuing.authority(now, f"{NAME} authority", domains)
        paths.authority().chmod(0o700)
        replace_file(path, text)
    return _read(text, is_new=True)


def _read(text: str, *, is_new: bool) -> Authority:
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        return Authority(certificate, split_pem(text)[0], certificate_issuing.private_key(text.encode()), is_new)
    except (ValueError, TypeError):
        message = f"{paths.authority() / _FILE}: is damaged; remove it, and trust the next authority instead"
        raise CertificateError([message]) from None


def _check(certificate: x509.Certificate, hosts: Sequence[str]) -> None:
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    domains = [str(subtree.value) for subtree in constraints.permitted_subtrees or ()]
    errors = [
        f"{host!r}: the authority in {paths.authority()} may sign for {', '.join(domains)} and names under them only; "
        f"take a host there, or remove the folder: a new authority may sign for {host}, and has to be trusted anew"
        for host in hosts
        if not _under(host, domains)
    ]
    if errors:
        raise CertificateError(errors)


def _under(host: str, domains: Sequence[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
