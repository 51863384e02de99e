"""A certificate that was checked, in the form that a gateway takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from boutique.certificates import checks
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_facts import CertificateFacts
from boutique.certificates.chains import Chain, arrange_chain
from boutique.certificates.facts import facts
from boutique.certificates.reading import CertificateContent


@dataclass(frozen=True)
class CheckedCertificate:
    """A certificate that can serve its hosts.

    Attributes:
        chain: PEM texts, from the server's own to its issuer and so on, without the root.
        key: The private key as PEM (PKCS #8, not encrypted). Secret.
        facts: The public facts.
        warnings: A line for what will be wrong soon, or is wrong for some clients.
    """

    chain: str
    key: str = field(repr=False)
    facts: CertificateFacts
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """The result of inspecting a certificate.

    Attributes:
        chain: The certificates in order.
        facts: The public facts.
        errors: A line for each reason not to use it, apart from its dates.
        expired: A line for each certificate in it that has expired.
        warnings: A line for what will be wrong soon, or is wrong for some clients.
    """

    chain: Chain
    facts: CertificateFacts
    errors: tuple[str, ...]
    expired: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect(
    content: CertificateContent,
    hosts: Sequence[str],
    now: datetime | None = None,
    *,
    with_key: bool = True,
    with_issuer: bool = True,
) -> Inspection:
    """Return the facts, the errors and the warnings of a certificate.

    Args:
        content: What it holds.
        hosts: What it has to be valid for; `*.<name>` for all hosts one label below a name.
        now: The time, if it is not the present.
        with_key: Whether the private key has to be there.
        with_issuer: Whether the issuer's certificate has to be there; servers send none that is a root.
    """
    now = now or datetime.now(UTC)
    chain = arrange_chain(content.certificates, content.key, now)
    errors = list(checks.errors(content, chain, hosts, now, with_issuer=with_issuer))
    if with_key or content.key is not None:
        errors = [*checks.key_errors(content, chain), *errors]
    expired = tuple(checks.expiry_errors(content, chain, now))
    return Inspection(chain, facts(chain), tuple(errors), expired, tuple(checks.warnings(content, chain, now)))


def accept_certificate(
    content: CertificateContent, hosts: Sequence[str], now: datetime | None = None
) -> CheckedCertificate:
    """Return what a source holds in the form that a gateway takes.

    An expired certificate is warned of: a stack that did not change stays one that can be updated, and rolled back.

    Raises:
        CertificateError: With every reason not to use it.
    """
    inspection = inspect(content, hosts, now)
    if inspection.errors or content.key is None:
        raise CertificateError(inspection.errors)
    chain = "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in inspection.chain.sent)
    return CheckedCertificate(chain, _pem(content.key), inspection.facts, inspection.expired + inspection.warnings)


def _pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
