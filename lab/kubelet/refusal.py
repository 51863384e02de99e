"""What the kubelet's API answers when it does not do what it was asked to."""

from http import HTTPStatus


class Refusal(Exception):  # noqa: N818 - it is what its name says, and no error of the program
    """An answer that says why not.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status
