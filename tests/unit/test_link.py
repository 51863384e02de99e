"""Links, and where plain HTTP is beside them."""

import pytest

from ops.handshake import address
from ops.link import link, plain

LAB = {"BOUTIQUE_LAB_HTTPS_PORT": "8443", "BOUTIQUE_LAB_HTTP_PORT": "8080"}


@pytest.mark.parametrize(
    ("url", "authority", "port"),
    [
        ("https://shop.example", "shop.example", 443),
        ("https://shop.localhost:8443", "shop.localhost:8443", 8443),
        ("http://10.0.0.1", "10.0.0.1", 80),
    ],
)
def test_a_link_is_read(url: str, authority: str, port: int) -> None:
    found = link(url)
    assert found
    assert (str(found), found.authority, found.port) == (url, authority, port)


def test_a_command_is_no_link() -> None:
    assert link("kubectl -n shop port-forward svc/frontend 8080:80") is None


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("https://shop.example", {}, "http://shop.example"),
        ("https://shop.localhost:8443", LAB, "http://shop.localhost:8080"),
        # Another lab's shell, or none.
        ("https://shop.localhost:8444", LAB, "None"),
        ("https://shop.localhost:8443", {}, "None"),
    ],
)
def test_plain_http_is_where_it_is_known_to_be(url: str, environment: dict[str, str], expected: str) -> None:
    found = link(url)
    assert found
    assert str(plain(found, environment)) == expected


def test_names_under_localhost_are_this_machine() -> None:
    assert [address(host) for host in ("localhost", "a.b.localhost", "localhost.example", "10.0.0.1")] == [
        "127.0.0.1",
        "127.0.0.1",
        "localhost.example",
        "10.0.0.1",
    ]
