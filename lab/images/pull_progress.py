"""How far an image is."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PullProgress:
    """The progress of pulling or loading one image; layers that were there before do not count.

    Attributes:
        reference: The image.
        layers: How many layers it takes.
        finished: How many of them are unpacked.
        size: Their bytes as they are transferred.
        transferred: How many of those have arrived.
        unpacked: Bytes that were unpacked.
    """

    reference: str
    layers: int
    finished: int
    size: int
    transferred: int
    unpacked: int


def ignore_progress(progress: PullProgress) -> None:
    """Take the progress and do nothing."""
