"""Proxies and authorities that the environment names: every client takes them as kubectl does, or refuses by name."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from boutique.application.smoke_page import SmokePage
from boutique.kubernetes import client
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, for_token
from boutique.kubernetes.listing import DEPLOYMENTS, list_objects
from boutique.mesh.gateway_api import GatewayApiError, manifests
from boutique.settings.mesh_settings import GatewayApiRelease
from ops.errors import ClusterError
from ops.registry.queries import tags
from ops.smoke.link import Link
from ops.smoke.namespace_objects import Namespace
from ops.smoke.running_pods import running_pods
from ops.smoke.visit import visit
from support.deadline import Deadline
from support.network_settings import NetworkSettingError, check_authorities, proxy_for
from support.proxied import ProxiedTransport
from support.trust import ssl_context

PROXY = "http://proxy.example:3128"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    ssl_context.cache_clear()
    yield
    ssl_context.cache_clear()


@pytest.mark.parametrize(
    ("excluded", "url", "is_proxied"),
    [
        ("", "https://api.example", True),
        ("*", "https://api.example", False),
        ("example", "https://api.example", False),
        (".example", "https://api.example", False),
        (".example", "https://example", True),
        ("*.example", "https://api.example:6443", False),
        ("api.example", "https://other.example", True),
        ("api.example", "https://an.api.example", False),
        ("api.example", "https://xapi.example", True),
        ("API.Example", "https://api.EXAMPLE", False),
        ("api.example:6443", "https://api.example:6443", False),
        ("api.example:6443", "https://api.example", True),
        ("api.example:443", "https://api.example", False),
        ("other.example, 10.0.0.0/8", "https://10.1.2.3:6443", False),
        ("10.0.0.0/8", "https://11.1.2.3", True),
        ("10.0.0.0/8", "https://api.example", True),
        ("10.1.2.3", "https://10.1.2.3", False),
        ("10.1.2.3:80", "https://10.1.2.3", True),
        ("1.2.3", "https://10.1.2.3", True),
        ("fd00::/8", "https://[fd00::1]:6443", False),
        ("fd00::/8", "https://[fe80::1]", True),
        ("fd00::1", "https://[fd00::1]", False),
        ("[fd00::1]", "https://[fd00::1]", False),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", False),
        ("[fd00::1]:6443", "https://[fd00::1]", True),
        ("no/network", "https://api.example", True),
        ("", "https://127.0.0.1:16443", False),
        ("", "https://127.8.8.8", False),
        ("", "https://[::1]", False),
        ("", "https://localhost:5000", False),
        ("", "https://shop.localhost:8443", False),
        ("", "http://api.example", False),
    ],
)
def test_who_is_asked_through_the_proxy(excluded: str, url: str, is_proxied: bool) -> None:
    assert proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": excluded}) == (PROXY if is_proxied else None)
    assert proxy_for(url, {"https_proxy": PROXY, "no_proxy": excluded}) == (PROXY if is_proxied else None)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": "", "https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other.example"}, PROXY),
        ({"ALL_PROXY": "socks5://proxy.example", "HTTP_PROXY": "socks5://proxy.example"}, None),
    ],
)
def test_which_proxy_is_taken(environment: dict[str, str], expected: str | None) -> None:
    assert proxy_for("https://api.example", environment) == expected


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("kind", ["socks5", "socks5h", "socks4", "ftp"])
def test_a_proxy_of_another_kind_is_refused_by_the_name_of_its_variable(name: str, kind: str) -> None:
    environment = {name: f"{kind}://ann:canary@proxy.example:1080"}
    with pytest.raises(
        NetworkSettingError, match=rf"^{name}: a proxy of the kind {kind}:// .*proxy.example:1080"
    ) as caught:
        proxy_for("https://api.example", environment)
    assert "canary" not in str(caught.value)
    assert proxy_for("https://api.example", {**environment, "NO_PROXY": "example"}) is None


SERVER = "https://api.example:6443"


def kubeconfig(server: str = SERVER, **entry: str) -> str:
    return for_token(ApiServer(server=server, entry={"server": server, **entry}), namespace="x", user="x", token="")


def ask_shop() -> None:
    page = SmokePage(name="home", path="/", requires=())
    visit(Link(scheme="https", host="shop.example", port=443), [page], ssl_context(), Deadline(5), print)


CLIENTS: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "program": (KubeconfigError, lambda: client.ensure_reachable(ApiServer(server=SERVER, entry={}), "context 'x'")),
    "listing": (KubeconfigError, lambda: list_objects(kubeconfig(), "x", DEPLOYMENTS)),
    "gateway API": (GatewayApiError, lambda: manifests(GatewayApiRelease(kind="release", url="https://x.example/a"))),
    "command": (
        ClusterError,
        lambda: Namespace(name="x", deployer=kubeconfig()).list_objects(DEPLOYMENTS),
    ),
    "pods": (ClusterError, lambda: running_pods(kubeconfig(), "x", Deadline(5))),
    "registry": (NetworkSettingError, lambda: tags("registry.example/shop/ads")),
    "smoke": (NetworkSettingError, ask_shop),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_goes_round_a_proxy_that_it_cannot_use(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")
    error, ask = CLIENTS[client]
    with pytest.raises(error, match=r"HTTPS_PROXY: a proxy of the kind socks5:// is not supported"):
        ask()


@pytest.mark.parametrize("client", ["program", "listing", "gateway API", "command", "registry", "smoke"])
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_that_are_not_there_are_named(
    client: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "missing"))
    error, ask = CLIENTS[client]
    with pytest.raises(error, match=f"{name}: {tmp_path}/missing: does not exist; correct the variable"):
        ask()
    missing = tmp_path / "missing"
    missing.touch() if name == "SSL_CERT_FILE" else missing.mkdir()
    check_authorities()


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers for every host, and remembers which."""

    requests: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A proxy at an address with a login, and what it was asked for."""
    Proxy.requests = []
    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://ann:s%40x@127.0.0.1:{server.server_port}", Proxy.requests
        server.shutdown()
        thread.join()


LOGIN = "Basic YW5uOnNAeA=="


def test_the_proxy_of_a_kubeconfig_is_for_every_host(
    proxy: tuple[str, list[tuple[str, str | None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, requests = proxy
    monkeypatch.setenv("NO_PROXY", "*")
    for server in ("http://api.example:6443", "http://127.0.0.1:1"):
        client.ensure_reachable(ApiServer(server=server, entry={"proxy-url": address}), "context 'x'")
    assert requests == [("http://api.example:6443/version", LOGIN), ("http://127.0.0.1:1/version", LOGIN)]
    with pytest.raises(KubeconfigError, match="proxy-url of the kubeconfig: a proxy of the kind socks5:// is not"):
        client.ensure_reachable(ApiServer(server=SERVER, entry={"proxy-url": "socks5://x:1"}), "context 'x'")


def test_the_proxy_of_the_environment_is_taken_by_both_kinds_of_clients(
    proxy: tuple[str, list[tuple[str, str | None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, requests = proxy
    monkeypatch.setenv("HTTP_PROXY", address)
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    client.ensure_reachable(ApiServer(server="http://api.example", entry={}), "context 'x'")
    with httpx.Client(transport=ProxiedTransport(ssl.create_default_context()), trust_env=False) as web:
        assert web.get("http://shop.example/a").status_code == 200
    assert requests == [("http://api.example/version", LOGIN), ("http://shop.example/a", LOGIN)]
