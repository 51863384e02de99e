"""The errors of images."""

from lab.errors import LabError

PULL_FAILED = "ErrImagePull"
INVALID_NAME = "InvalidImageName"


class ImagePullError(LabError):
    """An image cannot be had.

    Args:
        reason: As a kubelet names it: `ErrImagePull`, or `InvalidImageName` for a reference that cannot be parsed.
        text: What is wrong, with the registry's own words.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class UnusableImageError(LabError):
    """An image, an archive or one of its layers is broken, dangerous or of a kind that the lab does not run."""
