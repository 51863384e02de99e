"""The certificate that a stack is configured with."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from boutique.certificates import credentials
from boutique.certificates.certificate import CheckedCertificate, accept_certificate
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.reading import CertificateContent, CertificatePart, read_pem, read_pfx
from boutique.settings.certificate_settings import KEY, FilesCertificate, KeptCertificate, PfxCertificate


def load_certificate(
    source: KeptCertificate, secrets: Mapping[str, str | None], hosts: Sequence[str], now: datetime | None = None
) -> CheckedCertificate:
    """Return the certificate of a stack.

    Args:
        source: Where it comes from.
        secrets: The values of `credentials.KEYS`, as far as they are set.
        hosts: What it has to be valid for; `*.<name>` for all hosts one label below a name.
        now: The time, if it is not the present.

    Raises:
        CertificateError: It cannot be used; with every reason.
    """
    return accept_certificate(_read_source(source, secrets), hosts, now)


def _read_source(source: KeptCertificate, secrets: Mapping[str, str | None]) -> CertificateContent:
    def part(key: str) -> CertificatePart:
        value = secrets.get(key)
        return CertificatePart(f"boutique:{key}", value.encode() if value else None)

    password = part(credentials.PASSWORD)
    if isinstance(source, PfxCertificate):
        return read_pfx(_decode_base64(part(credentials.PFX)), password)
    if isinstance(source, FilesCertificate):
        return read_pem(_read(f"{KEY}.chain", source.chain), _read(f"{KEY}.key", source.key), password)
    return read_pem(part(credentials.CHAIN), part(credentials.PRIVATE_KEY), password)


def _decode_base64(pfx: CertificatePart) -> CertificatePart:
    try:
        # Tools wrap base64 at different widths.
        return CertificatePart(pfx.where, base64.b64decode(b"".join((pfx.content or b"").split()), validate=True))
    except binascii.Error:
        how = f"base64 -w0 FILE.pfx | pulumi config set --secret {credentials.PFX}"
        raise CertificateError([f"{pfx.where}: is not base64; set it again with `{how}`"]) from None


def _read(key: str, path: str) -> CertificatePart:
    try:
        return CertificatePart(f'{key}: "{path}"', Path(path).read_bytes())
    except OSError as error:
        raise CertificateError([f'{key}: "{path}": cannot be read: {error.strerror}']) from None
