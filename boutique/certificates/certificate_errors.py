"""What is wrong with a certificate, apart from the modules that need `cryptography`: all commands import it."""

from collections.abc import Iterable


class CertificateError(ValueError):
    """A certificate cannot be used; the text has a line for each error, without secrets."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        several = len(self.errors) > 1
        head = [f"{len(self.errors)} errors in the certificate:"] if several else []
        super().__init__("\n".join([*head, *(f"  {line}" if several else line for line in self.errors)]))
