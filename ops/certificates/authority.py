"""The authority that signs development certificates: one per user, who trusts it once."""

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
# Names that nobody can own: https://www.rfc-editor.org/rfc/rfc6761#section-6.
_RESERVED = ("localhost", "test")
_FILE = "ca.pem"


@dataclass(frozen=True)
class Authority:
    """Who signs.

    Attributes:
        certificate: To be trusted by whoever trusts what it signs.
        pem: The same as text.
        key: Its private key.
        is_new: Whether it was made just now, so that nobody can trust it yet.
    """

    certificate: x509.Certificate
    pem: str
    key: EllipticCurvePrivateKey = field(repr=False)
    is_new: bool


def authority(hosts: Sequence[str], now: datetime) -> Authority:
    """Return the authority, a new one if there is none or its time runs out.

    Whoever trusts it has to fear little: it may sign for names that nobody owns, and for the hosts it was made for.

    Args:
        hosts: What it is to sign for.
        now: The time.

    Raises:
        CertificateError: It may not sign for these hosts, or is damaged.
    """
    path = paths.authority() / _FILE
    with lock_folder(paths.authority(), lambda: None):
        if path.exists():
            found = _read(path.read_text(), is_new=False)
            if not certificate_issuing.expires_soon(found.certificate, now):
                _check(found.certificate, hosts)
                return found
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
    domains = [str(each.value) for each in constraints.permitted_subtrees or ()]
    mistakes = [
        f"{host!r}: the authority in {paths.authority()} may sign for {', '.join(domains)} and names under them only; "
        f"take a host there, or remove the folder: a new authority may sign for {host}, and has to be trusted anew"
        for host in hosts
        if not _under(host, domains)
    ]
    if mistakes:
        raise CertificateError(mistakes)


def _under(host: str, domains: Sequence[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
