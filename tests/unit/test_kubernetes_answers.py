"""Answers of an API server, of a proxy and of other servers, and the number of connections."""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from boutique.kubernetes import client, connection
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, for_token
from tests.support.http_servers import serve_in_background

TOKEN = "canary-of-a-token"  # noqa: S105 - a canary, not a password
PATH = "/api/v1/namespaces/dev/services"


@contextmanager
def serve_requests(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None],
) -> Iterator[tuple[KubernetesApi, list[str]]]:
    """Serve GET requests, and yield the API server with the address of each connection that it gets."""
    connections: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            connections.append(str(self.client_address))
            super().setup()

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as port:
        server.daemon_threads = True
        yield deployer(f"http://127.0.0.1:{port}"), connections


def deployer(address: str) -> KubernetesApi:
    api_server = ApiServer(server=address, entry={"server": address})
    return client.for_deployer(for_token(api_server, namespace="dev", user="deployer", token=TOKEN))


def respond(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def listing(*names: str, following: str = "") -> bytes:
    items = [{"metadata": {"name": name}} for name in names]
    return json.dumps({"metadata": {"continue": following}, "items": items}).encode()


def names(api: KubernetesApi, selector: str = "") -> list[str]:
    return [item["metadata"]["name"] for item in api.list_objects(PATH, selector=selector)]


def test_many_requests_take_few_connections() -> None:
    with serve_requests(lambda handler: respond(handler, 200, listing("a"))) as (api, connections):
        client.ensure_reachable(api.api_server, "the cluster")
        for _ in range(20):
            assert names(deployer(api.api_server.server)) == ["a"]
        assert len(connections) == 1
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(names, [api] * 20)) == [["a"]] * 20
        assert len(connections) <= 4


def test_a_kept_connection_that_the_server_has_closed_is_replaced() -> None:
    def close_afterwards(handler: http.server.BaseHTTPRequestHandler) -> None:
        respond(handler, 200, listing("a"))
        handler.wfile.flush()
        # Without a word to the client, as a server that restarts.
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    with serve_requests(close_afterwards) as (api, connections):
        assert [names(api) for _ in range(3)] == [["a"]] * 3
        assert len(connections) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", pauses.append)

    def recover(handler: http.server.BaseHTTPRequestHandler) -> None:
        if len(pauses) < 2:
            respond(handler, status, b'{"message": "storage is (re)initializing"}', **{"Retry-After": "2"})
        else:
            respond(handler, 200, listing("a"))

    with serve_requests(recover) as (api, _):
        assert names(api) == ["a"]
    assert pauses == [2, 2]


def test_a_busy_server_is_not_asked_beyond_the_time_limit() -> None:
    with (
        serve_requests(lambda handler: respond(handler, 429, b"{}", **{"Retry-After": "60"})) as (api, connections),
        pytest.raises(KubeconfigError, match="answers 429"),
    ):
        names(api)
    assert len(connections) == 1


def test_a_list_has_all_its_pages() -> None:
    pages = {
        f"{PATH}?labelSelector=app%3Da": listing("a", following="next page"),
        f"{PATH}?continue=next%20page&labelSelector=app%3Da": listing("b", following="last"),
        f"{PATH}?continue=last&labelSelector=app%3Da": listing("c"),
    }
    with serve_requests(lambda handler: respond(handler, 200, pages[handler.path])) as (api, _):
        assert names(api, "app=a") == ["a", "b", "c"]


@pytest.mark.parametrize(("path", "status"), [(PATH, 410), ("/apis/policy/v1/poddisruptionbudgets", 404)])
def test_a_list_that_ends_half_way_is_an_error(path: str, status: int) -> None:
    def expire(handler: http.server.BaseHTTPRequestHandler) -> None:
        gone = b'{"kind": "Status", "message": "The provided continue parameter is too old"}'
        first = "continue" not in handler.path
        respond(handler, 200 if first else status, listing("a", following="next") if first else gone)

    with (
        serve_requests(expire) as (api, _),
        pytest.raises(KubeconfigError, match=rf"answers {status} .*continue parameter is too old"),
    ):
        api.list_objects(path)


PAGE = b"<html>sign in</html>"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, PAGE, "something other than an object"),
        (200, b"[]", "something other than an object"),
        (200, b'{"welcome": "here"}', "something other than a list"),
        (200, b'{"items": "none"}', "something other than a list"),
        (401, PAGE, "answers 401 to GET .*: Unauthorized; run `pulumi up` of the stack that owns the cluster"),
        (403, b'{"message": "ann cannot list"}', "answers 403 to GET .*: ann cannot list; run `pulumi up`"),
        (404, b"", "answers 404 to GET"),
        (407, PAGE, "answers 407 to GET .*: Proxy Authentication Required"),
        (429, b"", "answers 429 to GET .*: Too Many Requests"),
        (500, b"\xff", "answers 500 to GET .*: Internal Server Error"),
        (599, b"", "answers 599 to GET .*: without a reason"),
    ],
)
def test_no_answer_of_others_is_an_empty_list(status: int, body: bytes, expected: str) -> None:
    with (
        serve_requests(lambda handler: respond(handler, status, body)) as (api, _),
        pytest.raises(KubeconfigError, match=expected) as error,
    ):
        names(api)
    assert TOKEN not in str(error.value)


def test_credentials_do_not_follow_a_redirect() -> None:
    visited: list[str] = []
    with serve_requests(lambda handler: visited.append(handler.path)) as (elsewhere, _):
        target = f"{elsewhere.api_server.server}/stolen"
        with (
            serve_requests(lambda handler: respond(handler, 302, b"", Location=target)) as (api, _),
            pytest.raises(KubeconfigError, match=r"answers 302 to GET .*: Found"),
        ):
            names(api)
    assert visited == []


def test_half_an_answer_is_none() -> None:
    def cut_answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        respond(handler, 200, listing("a"), **{"Content-Length": "4000"})
        handler.close_connection = True

    with (
        serve_requests(cut_answer) as (api, _),
        pytest.raises(KubeconfigError, match=r"does not answer GET .*: peer closed"),
    ):
        names(api)


@pytest.mark.parametrize("trickle", [b"", b"{"])
def test_an_answer_has_to_be_complete_in_time(trickle: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.2)
    ended = threading.Event()

    def hang(handler: http.server.BaseHTTPRequestHandler) -> None:
        respond(handler, 200, b"", **{"Content-Length": "4000"})
        while not ended.wait(0.05):
            handler.wfile.write(trickle)

    try:
        with (
            serve_requests(hang) as (api, _),
            pytest.raises(KubeconfigError, match=r"does not answer GET .*: no answer in 0 s"),
        ):
            api.list_objects(PATH, seconds=0.3)
    finally:
        ended.set()


def test_a_token_that_is_no_header_is_not_repeated() -> None:
    with serve_requests(lambda handler: respond(handler, 200, listing("a"))) as (api, _):
        server = ApiServer(server=api.api_server.server, entry={"server": api.api_server.server})
        broken = client.for_deployer(for_token(server, namespace="dev", user="x", token=f"{TOKEN}\nX: y"))
        with pytest.raises(KubeconfigError, match="credentials cannot be sent as a header") as error:
            names(broken)
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize("address", ["api.example:6443", "ftp://api.example", "https://", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(KubeconfigError, match=r"the API server .* of the cluster does not answer: "):
        client.ensure_reachable(ApiServer(server=address, entry={}), "the cluster")
