"""What the lab reports as the image of a container that a stand-in takes the place of.

A pod's status has it where other clusters have the digest of the image that runs (ContainerStatus.imageID).
"""

_SCHEME = "stand-in://"
"""No container runtime reports it: their forms are `repository@sha256:…`, `sha256:…` and `docker-pullable://…`."""


def standin_image_id(image: str) -> str:
    """Return the `imageID` of a container that runs a stand-in in place of an image."""
    return f"{_SCHEME}{image}"


def is_standin(image_id: str) -> bool:
    """Say whether a container with this `imageID` runs a stand-in."""
    return image_id.startswith(_SCHEME)
