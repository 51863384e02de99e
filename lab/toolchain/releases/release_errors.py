"""The errors of fetching a release."""

from lab.errors import LabError


class ReleaseError(LabError):
    """A release cannot be fetched, or is refused; the text names it and says why."""


class PublisherUnreachableError(ReleaseError):
    """A host does not answer.

    Attributes:
        host: Its name.
        reason: Why not, as far as is known.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} cannot be reached: {reason}")
        self.host = host
        self.reason = reason
