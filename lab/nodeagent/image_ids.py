"""What a container's status has as `imageID`: the image that runs, or what runs in its place."""

from lab.nodeagent.pods import Container
from lab.nodeagent.state import ContainerState
from support.standin_images import standin_image_id


def image_id(container: Container, state: ContainerState) -> str:
    """Return the digest of the image that runs, the mark of a stand-in, or the reference of a program of Istio's.

    Those are the lab's own builds of what their images hold.
    """
    image: str = container.spec.get("image", "")
    if state.image:
        return f"{_repository(image)}@{state.image}"
    is_decided = state.image is not None
    return standin_image_id(image) if container.kind == "app" and is_decided else image


def _repository(image: str) -> str:
    """Return an image reference without tag and digest."""
    head, colon, tail = image.partition("@")[0].rpartition(":")
    return head if colon and "/" not in tail else image.partition("@")[0]
