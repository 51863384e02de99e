"""What a certificate calls its owner."""

from cryptography import x509


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and addresses among the subject alternative names; nothing else counts any more."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        printable(str(name.value)) for name in extension.value if isinstance(name, x509.DNSName | x509.IPAddress)
    )


def display_name(certificate: x509.Certificate) -> str:
    """Return what to call a certificate: its subject, or its first host if it has none."""
    return text(certificate.subject) or next(iter(names(certificate)), "without a subject")


def text(name: x509.Name) -> str:
    """Return a distinguished name as people write it, such as `CN=shop.example,O=Shop`."""
    return printable(name.rfc4514_string())


def printable(words: str) -> str:
    """Return foreign text without characters that break a line or move a terminal's cursor."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in words)
