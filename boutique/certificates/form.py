"""Extensions that RFC 5280 demands of a certificate, and without which some clients refuse it.

Browsers, Envoy and Go's clients do without them; Python's `ssl` has refused such certificates by default since 3.13
(VERIFY_X509_STRICT). Source: check_chain() in crypto/x509/x509_vfy.c of OpenSSL 3.
"""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from boutique.certificates.chains import Chain
from boutique.certificates.naming import called


def missing_extensions(chain: Chain) -> Iterator[str]:
    """Yield a line for each certificate of a chain, its root included, that lacks what strict clients look for."""
    root = (chain.root,) if chain.root is not None and chain.root not in chain.sent else ()
    for certificate in (*chain.sent, *root):
        if lacks := tuple(_lacks(certificate)):
            yield (
                f"'{called(certificate)}' lacks {' and '.join(lacks)} (RFC 5280): strict clients, such as Python 3.13 "
                f"and later, refuse it; add {'it' if len(lacks) == 1 else 'them'} when you have the certificate issued "
                "again"
            )


def _lacks(certificate: x509.Certificate) -> Iterator[str]:
    extensions = {extension.oid: extension for extension in certificate.extensions}
    # A root is its own issuer, and needs no name for that one's key.
    if certificate.issuer != certificate.subject and ExtensionOID.AUTHORITY_KEY_IDENTIFIER not in extensions:
        yield "the extension Authority Key Identifier"
    constraints = extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    if constraints is None or not (isinstance(constraints.value, x509.BasicConstraints) and constraints.value.ca):
        return
    if ExtensionOID.SUBJECT_KEY_IDENTIFIER not in extensions:
        yield "the extension Subject Key Identifier"
    if ExtensionOID.KEY_USAGE not in extensions:
        yield "the extension Key Usage with keyCertSign"
    if not constraints.critical:
        yield "the mark 'critical' on its extension Basic Constraints"
