"""Which stack owns what a feature is about to make."""

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boutique.kubernetes import client, connection, rollout_status
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, for_token, reached_by
from boutique.kubernetes.listing import CONFIG_MAPS, DEPLOYMENTS, HTTP_ROUTES, SERVICES, VIRTUAL_SERVICES, list_objects
from boutique.kubernetes.live_objects import in_namespace
from boutique.kubernetes.ownership import Owned, ownership_conflicts
from boutique.kubernetes.rollout_status import NotReadyError
from ops.errors import ClusterError
from ops.smoke.namespace_objects import Namespace
from tests.support.certificate_samples import HOST, HOSTS, issue

TOKEN = "canary-of-a-token"  # noqa: S105 - a canary, not a password
ITEM = {
    "metadata": {
        "name": "adservice-new-ads",
        "annotations": {"boutique.dev/owner": "dev-new-ads"},
        "labels": {"boutique.dev/feature": "new-ads"},
    }
}


class Answering(http.server.BaseHTTPRequestHandler):
    """Has one Deployment, for clients with the token; refuses to list routes, and knows no VirtualServices."""

    def do_GET(self) -> None:
        trusted = self.headers["Authorization"] == f"Bearer {TOKEN}"
        empty = self.path == "/api/v1/namespaces/dev/configmaps"
        collections = ("/apis/apps/v1/namespaces/dev/deployments", "/api/v1/namespaces/dev/services")
        if not trusted or (self.path not in collections and not empty):
            missing = ("/apis/networking.istio.io/", "/api/v1/namespaces/other/")
            self.send_error(404 if self.path.startswith(missing) else 403)
            return
        body = json.dumps({"items": None if empty else [ITEM, {"metadata": {"name": "frontend"}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as http_server:
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


def kubeconfig(address: str, **entry: str) -> str:
    api_server = ApiServer(server=address, entry={"server": address, **entry})
    return for_token(api_server, namespace="dev", user="deployer", token=TOKEN)


def owned_objects(content: str, namespace: str, collection: str) -> tuple[Owned, ...]:
    return tuple(item.owned for item in in_namespace(content, namespace, {"Some": collection}))


def test_objects_tell_their_owner(server: str) -> None:
    assert owned_objects(kubeconfig(server), "dev", DEPLOYMENTS) == (
        Owned(name="adservice-new-ads", owner="dev-new-ads", feature="new-ads"),
        Owned(name="frontend", owner=None, feature=None),
    )


def test_a_refusal_is_told_without_the_token(server: str) -> None:
    with pytest.raises(KubeconfigError, match=f"the API server {server} answers 403") as caught:
        owned_objects(kubeconfig(server), "dev", HTTP_ROUTES)
    assert TOKEN not in str(caught.value)


def test_a_cluster_without_a_kind_has_no_objects_of_it(server: str) -> None:
    assert list_objects(kubeconfig(server), "dev", VIRTUAL_SERVICES) == ()


def test_kinds_of_the_core_group_are_asked_for_where_they_are(server: str) -> None:
    assert [item["metadata"]["name"] for item in list_objects(kubeconfig(server), "dev", SERVICES)] == [
        "adservice-new-ads",
        "frontend",
    ]
    # No answer is no empty one: every API server has these.
    with pytest.raises(KubeconfigError, match="answers 404"):
        list_objects(kubeconfig(server), "other", SERVICES)


def test_an_empty_list_may_come_as_null(server: str) -> None:
    assert list_objects(kubeconfig(server), "dev", CONFIG_MAPS) == ()


@pytest.fixture
def by_another_name(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server whose certificate is for shop.example only; with its authority in base64."""
    now = datetime.now(UTC)
    root = issue("Root", now=now)
    shown = issue(HOST, root, hosts=HOSTS, now=now)
    (tmp_path / "tls.crt").write_text(shown.pem)
    (tmp_path / "tls.key").write_text(shown.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as http_server:
        http_server.socket = context.wrap_socket(http_server.socket, server_side=True)
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{http_server.server_port}", base64.b64encode(root.pem.encode()).decode()
        http_server.shutdown()
        thread.join()


def test_a_server_proves_the_name_that_the_kubeconfig_gives_it(by_another_name: tuple[str, str]) -> None:
    address, authority = by_another_name
    named = kubeconfig(address, **{"tls-server-name": HOST, "certificate-authority-data": authority})
    assert [resource.name for resource in owned_objects(named, "dev", DEPLOYMENTS)] == ["adservice-new-ads", "frontend"]
    with pytest.raises(NotReadyError, match="answers 403"):
        rollout_status.wait(named, "dev", "ads", 0)
    client.ensure_reachable(reached_by(named), "context 'x'")
    for other in ({"tls-server-name": "elsewhere"}, {}):
        stranger = kubeconfig(address, **{"certificate-authority-data": authority, **other})
        with pytest.raises(KubeconfigError, match="its certificate is not trusted"):
            owned_objects(stranger, "dev", DEPLOYMENTS)
        with pytest.raises(NotReadyError, match="its certificate is not trusted"):
            rollout_status.wait(stranger, "dev", "ads", 0)
        with pytest.raises(ClusterError, match="its certificate is not trusted"):
            Namespace(name="dev", deployer=stranger).list_objects(HTTP_ROUTES)
        with pytest.raises(KubeconfigError, match="its certificate is not trusted"):
            client.ensure_reachable(reached_by(stranger), "context 'x'")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Knows no API, or answers everything with JSON that is no list."""

    def do_GET(self) -> None:
        if self.server.server_name == "404":
            self.send_error(404)
            return
        if self.server.server_name == "empty":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"kind": "PartialObjectMetadataList", "items": null}')
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"welcome": "sign in"}')

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture(params=["404", "sign in"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as http_server:
        http_server.server_name = str(request.param)
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


def test_what_no_api_server_would_answer_is_no_empty_list(elsewhere: str) -> None:
    with pytest.raises(KubeconfigError, match=f"the API server {elsewhere} answers"):
        owned_objects(kubeconfig(elsewhere), "dev", DEPLOYMENTS)
    for collection in (DEPLOYMENTS, SERVICES):
        with pytest.raises(ClusterError, match=f"the API server {elsewhere} answers (404|.* other than a list)"):
            Namespace(name="dev", deployer=kubeconfig(elsewhere)).list_objects(collection)


@pytest.mark.parametrize("elsewhere", ["empty"], indirect=True)
def test_an_empty_list_of_metadata_has_no_objects(elsewhere: str) -> None:
    assert owned_objects(kubeconfig(elsewhere), "dev", HTTP_ROUTES) == ()


def test_whoever_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(KubeconfigError, match=r"the API server http://127.0.0.1:1 does not answer GET"):
        owned_objects(kubeconfig("http://127.0.0.1:1"), "dev", DEPLOYMENTS)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("mine", []),
        (
            "theirs",
            [
                "sessions.1: the session has joined another feature, of stack 'theirs' (HTTPRoute session-1); remove "
                "it there first, or here",
                "boutique:feature.key: 'new-ads': belongs to the feature of stack 'theirs' (adservice-new-ads); give "
                "this one another boutique:feature.key, or destroy that stack",
            ],
        ),
    ],
)
def test_what_is_someone_elses_is_refused_with_the_owners_name(owner: str, expected: list[str]) -> None:
    deployments = (Owned(name="adservice-new-ads", owner=owner, feature="new-ads"),)
    routes = (
        Owned(name="session-1", owner=owner, feature="other"),
        Owned(name="session-2", owner="theirs", feature="other"),
        Owned(name="edge", owner="dev", feature=None),
    )
    errors = list(
        ownership_conflicts(deployments, routes, stack="mine", key="new-ads", sessions={"session-1": "sessions.1"})
    )
    assert errors == expected
    assert [error.code for error in errors] == ["session-taken", "key-taken"][: len(expected)]
