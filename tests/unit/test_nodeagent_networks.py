from typing import Any, Self

import pytest
from pyroute2 import NetlinkError

from lab.nodeagent import networks

NO_SUCH_DEVICE = 19


class Vanishing:
    """A kernel in which an interface goes between the look at it and its deletion."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def link_lookup(self, **_: Any) -> list[int]:
        return [7]

    def link(self, *_: Any, **__: Any) -> None:
        self.asked.append("link")
        raise NetlinkError(NO_SUCH_DEVICE, "No such device")

    def route(self, *_: Any, **__: Any) -> None:
        self.asked.append("route")


def test_network_that_goes_by_itself_is_gone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Vanishing()
    monkeypatch.setattr(networks, "IPRoute", lambda: kernel)
    networks.remove("10.244.128.7")
    assert kernel.asked == ["link", "route"]
