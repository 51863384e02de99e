"""An API server is asked before anything is planned."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from boutique.kubernetes import client, connection
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError


def server(address: str, **entry: str) -> ApiServer:
    return ApiServer(server=address, entry={"server": address, **entry})


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def refusing_server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as http_server:
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


def test_any_answer_is_an_answer(refusing_server: str) -> None:
    client.ensure_reachable(server(refusing_server), "context 'x'")


def test_a_closed_port_is_named(unused_port: int) -> None:
    with pytest.raises(KubeconfigError, match=f"127.0.0.1:{unused_port} of context 'x' .*: connection refused"):
        client.ensure_reachable(server(f"https://127.0.0.1:{unused_port}"), "context 'x'")


def test_somebody_who_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(KubeconfigError, match="no answer in 0 s"):
        client.ensure_reachable(server(f"http://127.0.0.1:{silent.getsockname()[1]}"), "context 'x'")


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
