"""The `imageID` of a container tells an image from a stand-in."""

from typing import Literal

import pytest

from lab.nodeagent.image_ids import image_id
from lab.nodeagent.pods import Container
from lab.nodeagent.state import ContainerState
from support.standin_images import is_standin

IMAGE = "registry.example:5000/shop/ads:1"
DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("kind", "reference", "digest", "reported", "standin"),
    [
        ("app", IMAGE, DIGEST, f"registry.example:5000/shop/ads@{DIGEST}", False),
        ("app", f"ads@{DIGEST}", DIGEST, f"ads@{DIGEST}", False),
        ("app", IMAGE, "", f"stand-in://{IMAGE}", True),
        # Neither is decided yet.
        ("app", IMAGE, None, IMAGE, False),
        ("proxy", "istio/proxyv2:1", "", "istio/proxyv2:1", False),
    ],
)
def test_the_image_id_is_the_digest_or_the_mark_of_a_stand_in(
    kind: Literal["app", "proxy"], reference: str, digest: str | None, reported: str, standin: bool
) -> None:
    container = Container("server", kind, False, {"name": "server", "image": reference})
    assert image_id(container, ContainerState(image=digest)) == reported
    assert is_standin(reported) is standin
