"""The answer of the kubelet's API to a request that it refuses."""

from http import HTTPStatus


class Refusal(Exception):  # noqa: N818 - it is what its name says, and no error of the program
    """An answer with the reason of the refusal.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status
