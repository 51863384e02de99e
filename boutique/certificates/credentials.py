"""The secrets that a certificate is made of: which keys of a stack hold them, and which belong to which source."""

from collections.abc import Collection, Iterator, Mapping

from boutique.settings.certificate_settings import KEY, CertificateSource
from boutique.settings.errors import ErrorLine

PFX = "certificatePfx"
CHAIN = "certificateChain"
PRIVATE_KEY = "certificateKey"
PASSWORD = "certificatePassword"  # noqa: S105 - the name of a key

KEYS = (PFX, CHAIN, PRIVATE_KEY, PASSWORD)
"""Top-level keys of a stack's configuration."""

_NEEDED: Mapping[str, tuple[str, ...]] = {"pfx": (PFX,), "pem": (CHAIN, PRIVATE_KEY)}
_TAKEN: Mapping[str, tuple[str, ...]] = {"pfx": (PASSWORD,), "pem": (PASSWORD,), "files": (PASSWORD,)}
_HOW = {
    PFX: f"base64 -w0 FILE.pfx | pulumi config set --secret {PFX}",
    CHAIN: f"pulumi config set --secret {CHAIN} < FILE.crt",
    PRIVATE_KEY: f"pulumi config set --secret {PRIVATE_KEY} < FILE.key",
}


def errors(source: CertificateSource | None, present: Collection[str]) -> Iterator[ErrorLine]:
    """Return a line for each secret that the source of the certificate lacks, or does not take.

    Args:
        source: Where the certificate comes from; None if the stack has no ingress.
        present: The keys that the stack's configuration holds.
    """
    needed = _NEEDED.get(source.kind, ()) if source else ()
    taken = _TAKEN.get(source.kind, ()) if source else ()
    for key in needed:
        if key not in present:
            yield ErrorLine("missing", f"boutique:{key}: is missing; set it with `{_HOW[key]}`")
    for key in KEYS:
        if key in present and key not in (*needed, *taken):
            reason = f"is not used with {KEY} {{kind: {source.kind}}}" if source else f"belongs to a stack with {KEY}"
            yield ErrorLine("unused-secret", f"boutique:{key}: {reason}; remove it with `pulumi config rm {key}`")
