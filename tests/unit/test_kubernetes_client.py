"""A cluster is read with the admin's kubeconfig, however that signs in; no refusal is taken for an empty list."""

import base64
import http.server
import json
import ssl
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.kubernetes import kubeconfig
from boutique.kubernetes.client import METADATA_LIST, KubernetesApi, for_admin, for_context
from boutique.kubernetes.kubeconfig import KubeconfigError
from tests.support.certificate_samples import HOST, HOSTS, issue

TOKEN = "canary-of-the-admins-token"  # noqa: S105 - a canary, not a password


class ApiServer(http.server.BaseHTTPRequestHandler):
    """Lists one namespace for the admin, and what it serves of one API; the welcome page is no list."""

    def do_GET(self) -> None:
        signed = isinstance(self.connection, ssl.SSLSocket) and bool(self.connection.getpeercert())
        if not signed and self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.send_error(401)
            return
        answers: dict[str, Any] = {
            "/api/v1/namespaces": {"items": [{"metadata": {"name": self.headers["Accept"]}}]},
            "/apis/example.com/v1": {"resources": [{"name": "things"}, {"name": "things/status"}]},
            "/empty": {"items": None},
            "/signIn": {"welcome": "sign in"},
            "/welcome": {"items": "sign in"},
            "/forbidden": 403,
        }
        answer = answers.get(self.path, 404)
        if isinstance(answer, int):
            self.send_error(answer)
            return
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@contextmanager
def serve_api(context: ssl.SSLContext | None = None) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), ApiServer) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[str]:
    with serve_api() as address:
        yield address


def document(user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "admin", "context": {"cluster": "c", "user": "u"}}],
    }


def admin(folder: Path, user: dict[str, Any], **cluster: Any) -> KubernetesApi:
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document(user, **cluster)))
    missing = folder / "missing"
    paths = [missing, path]
    return for_context("admin", kubeconfig.find("admin", paths), paths)


def assert_reads(client: KubernetesApi) -> None:
    assert client.list_metadata("/api/v1/namespaces") == ({"name": METADATA_LIST},)
    assert client.list_metadata("/empty") == ()
    assert client.served_resources("example.com/v1") == {"things", "things/status"}
    assert client.list_metadata("/apis/none.example/v1/things") == ()
    assert client.served_resources("none.example/v1") == frozenset()


def test_a_token_signs_in(server: str, tmp_path: Path) -> None:
    assert_reads(admin(tmp_path, {"token": TOKEN}, server=server))
    content = json.dumps(document({"token": TOKEN}, server=server))
    assert_reads(for_admin(content))


def test_a_command_signs_in(server: str, tmp_path: Path) -> None:
    command = tmp_path / "login"
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    command.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(credential))})\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": str(command),
            "interactiveMode": "Never",
        }
    }
    assert_reads(admin(tmp_path, user, server=server))


def test_a_certificate_signs_in(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    root = issue("Root", now=now)
    shown, signer = issue(HOST, root, hosts=(*HOSTS, "127.0.0.1"), now=now), issue("admin", root, now=now)
    (tmp_path / "tls.crt").write_text(shown.pem)
    (tmp_path / "tls.key").write_text(shown.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    context.load_verify_locations(cadata=root.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    data = {
        name: base64.b64encode(text.encode()).decode()
        for name, text in (("client-certificate-data", signer.pem), ("client-key-data", signer.key_pem()))
    }
    authority = base64.b64encode(root.pem.encode()).decode()
    with serve_api(context) as address:
        cluster = {"server": address, "certificate-authority-data": authority, "tls-server-name": HOST}
        assert_reads(admin(tmp_path, data, **cluster))
        insecure = {"server": address, "insecure-skip-tls-verify": True}
        assert_reads(admin(tmp_path, data, **insecure))
        with pytest.raises(
            KubeconfigError, match="does not answer GET /api/v1/namespaces: its certificate is not trusted"
        ):
            admin(tmp_path, data, server=address).list_metadata("/api/v1/namespaces")
        with pytest.raises(KubeconfigError, match="answers 401 to GET"):
            admin(tmp_path, {}, **cluster).list_metadata("/api/v1/namespaces")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/forbidden", "answers 403 to GET /forbidden: Forbidden; the context of boutique:cluster"),
        ("/welcome", "with something other than a list"),
        ("/signIn", "with something other than a list"),
    ],
)
def test_a_refusal_and_a_welcome_are_errors_without_the_token(
    server: str, tmp_path: Path, path: str, message: str
) -> None:
    with pytest.raises(KubeconfigError, match=message) as caught:
        admin(tmp_path, {"token": TOKEN}, server=server).list_metadata(path)
    assert TOKEN not in str(caught.value)


def test_an_api_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        KubeconfigError,
        match=r"the API server https://127\.0\.0\.1:1 does not answer GET /api/v1/namespaces: connection refused",
    ):
        admin(tmp_path, {"token": TOKEN}, server="https://127.0.0.1:1").list_metadata("/api/v1/namespaces")


def test_a_user_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    user = {"client-certificate": str(tmp_path / "none"), "client-key": str(tmp_path / "none")}
    with pytest.raises(KubeconfigError, match=r"user 'u' of the kubeconfig: client-certificate .*none cannot be read"):
        admin(tmp_path, user, server="https://127.0.0.1:1").list_metadata("/api/v1/namespaces")
