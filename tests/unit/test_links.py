"""Links, and where plain HTTP is beside them."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from ops.certificates.handshake import address
from ops.features.feature_view import show_updated
from ops.features.identity import identity
from ops.features.update import Updated
from ops.smoke import smoke_view, visitor_view
from ops.smoke.link import link, plain, resolving_hint
from ops.smoke.smoke_report import SmokeReport
from tests.support.online_boutique import ROOT

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
    result = link(url)
    assert result
    assert (str(result), result.authority, result.port) == (url, authority, port)


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
    result = link(url)
    assert result
    assert str(plain(result, environment)) == expected


def test_names_under_localhost_are_this_machine() -> None:
    assert [address(host) for host in ("localhost", "a.b.localhost", "localhost.example", "10.0.0.1")] == [
        "127.0.0.1",
        "127.0.0.1",
        "localhost.example",
        "10.0.0.1",
    ]


def test_a_name_under_localhost_that_the_system_does_not_know_comes_with_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    hint = resolving_hint("new-ads.shop.localhost")
    assert hint.endswith("add this line to /etc/hosts: 127.0.0.1 new-ads.shop.localhost")
    assert "Locust" in hint
    assert [resolving_hint(host) for host in ("localhost", "shop.example", "10.0.0.1")] == ["", "", ""]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: ["127.0.0.1"])
    assert resolving_hint("new-ads.shop.localhost") == ""


def test_the_line_comes_where_the_link_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    line = "add this line to /etc/hosts: 127.0.0.1 shop.localhost\n"
    done = Updated(
        identity=identity(ROOT, "new-ads", "dev"),
        url="https://shop.localhost:8443",
        expires=None,
        versions={},
        sessions=0,
        warnings=(),
        output="",
    )
    show_updated(done, 1.0, as_json=False)
    assert capsys.readouterr().err.endswith(line)
    outside: Any = SimpleNamespace(link=link(done.url))
    report = SmokeReport(subject="local", identity={}, outside=outside, services=(), errors=(), warnings=())
    monkeypatch.setattr(visitor_view, "lines", lambda _: [])
    smoke_view.show(report, 1.0, as_json=False)
    assert capsys.readouterr().err.endswith(line)
