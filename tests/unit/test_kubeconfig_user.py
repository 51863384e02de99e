"""The credentials of a kubeconfig's user: how the program itself asks an API server as the cluster's admin."""

import base64
import http.server
import json
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from boutique.kubernetes import client, kubeconfig, kubeconfig_user
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.kubernetes.kubeconfig_user import Credentials, resolve_credentials
from tests.support.certificate_samples import issue
from tests.support.http_servers import serve_in_background

SERVER = ApiServer(server="https://api.example", entry={"server": "https://api.example"})
ANN = "Basic " + base64.b64encode(b"ann:canary").decode()
CANARY = "canary-of-a-token"


def resolve(user: dict[str, Any], folder: Path) -> Credentials:
    return resolve_credentials(user, "ann", folder, SERVER)


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ({}, []),
        ({"token": "canary"}, [("Authorization", "Bearer canary")]),
        ({"tokenFile": "token", "token": "old"}, [("Authorization", "Bearer in-the-file")]),
        ({"username": "ann", "password": "canary"}, [("Authorization", ANN)]),
        (
            {"as": "bob", "as-groups": ["admins", "ops"]},
            [("Impersonate-User", "bob"), ("Impersonate-Group", "admins"), ("Impersonate-Group", "ops")],
        ),
        ({"as": "bob", "as-uid": "7"}, [("Impersonate-User", "bob"), ("Impersonate-Uid", "7")]),
    ],
)
def test_headers_prove_the_user(tmp_path: Path, user: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    (tmp_path / "token").write_text("in-the-file\n")
    assert resolve(user, tmp_path).headers == tuple(headers)


def plugin(folder: Path, program: str, **entry: Any) -> dict[str, Any]:
    """Return a user whose credentials a program prints."""
    path = folder / "plugin"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{program}")
    path.chmod(0o700)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **entry}}


ANSWER = """
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
said = [*sys.argv[1:], os.environ["PROFILE"], asked["apiVersion"], asked["spec"].get("cluster", {}).get("server", "")]
print(json.dumps({"kind": "ExecCredential", "status": {"token": "/".join(said)}}))
"""


@pytest.mark.parametrize(("informed", "server"), [(True, "https://api.example"), (False, "")])
def test_a_plugin_is_run_as_kubectl_runs_it(tmp_path: Path, informed: bool, server: str) -> None:
    entry = {"args": ["get-token"], "env": [{"name": "PROFILE", "value": "prod"}], "provideClusterInfo": informed}
    headers = resolve(plugin(tmp_path, ANSWER, **entry), tmp_path).headers
    assert headers == (("Authorization", f"Bearer get-token/prod/client.authentication.k8s.io/v1/{server}"),)


def test_a_plugin_may_answer_with_a_certificate(tmp_path: Path) -> None:
    status = {"clientCertificateData": "CERTIFICATE", "clientKeyData": "KEY"}
    user = plugin(tmp_path, f"print(json.dumps({{'status': {status}}}))")
    assert resolve(user, tmp_path) == Credentials(certificate="CERTIFICATE\nKEY")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("sys.exit('no session: sign in')", "ended with 1: no session: sign in"),
        (f"print('{CANARY}')", "did not answer with an ExecCredential"),
        (f"print(json.dumps({{'status': '{CANARY}'}}))", "did not answer with an ExecCredential"),
        ("import time; time.sleep(60)", "did not answer within 0 s"),
    ],
)
def test_a_plugin_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    if "sleep" in program:
        monkeypatch.setattr(kubeconfig_user, "_PATIENCE_SECONDS", 0.3)
    with pytest.raises(KubeconfigError, match=f"user 'ann' .*'./plugin' {reason}.*; install it from x") as refusal:
        resolve(plugin(tmp_path, program, installHint="install it from x"), tmp_path)
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"exec": {"command": "no-such-plugin"}}, "its plugin 'no-such-plugin' cannot be run: No such file"),
        ({"auth-provider": {"name": "oidc"}}, "has an auth-provider"),
        ({"tokenFile": "missing"}, "tokenFile .*missing cannot be read"),
        ({"client-certificate": "missing"}, "client-certificate .*missing cannot be read"),
    ],
)
def test_credentials_that_cannot_be_had_are_named(tmp_path: Path, user: dict[str, Any], expected: str) -> None:
    with pytest.raises(KubeconfigError, match=expected):
        resolve(user, tmp_path)


class Greeting(http.server.BaseHTTPRequestHandler):
    """Answers clients with a certificate, with the name in it."""

    def do_GET(self) -> None:
        peer: Any = self.connection
        body = json.dumps({"subject": peer.getpeercert()["subject"][0][0][1]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def mutual(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig for a server that wants a client certificate: in files, and inside."""
    now = datetime.now(UTC)
    root = issue("Root", now=now)
    served = issue("api", root, hosts=("api.example",), now=now)
    ann = issue("ann", root, hosts=("ann",), now=now, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    for name, text in (("root", root.pem), ("tls", served.pem + served.key_pem()), ("crt", ann.pem)):
        (tmp_path / name).write_text(text)
    (tmp_path / "key").write_text(ann.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls")
    context.load_verify_locations(tmp_path / "root")
    context.verify_mode = ssl.CERT_REQUIRED
    inside = {
        f"client-{part}-data": base64.b64encode(text.encode()).decode()
        for part, text in (("certificate", ann.pem), ("key", ann.key_pem()))
    }
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeting) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with serve_in_background(server) as port:
            entry = {"server": f"https://127.0.0.1:{port}", "tls-server-name": "api.example"}
            users = {"files": {"client-certificate": "crt", "client-key": "key"}, "inside": inside}
            content = {
                "clusters": [{"name": "c", "cluster": {**entry, "certificate-authority": "root"}}],
                "users": [{"name": name, "user": user} for name, user in users.items()],
                "contexts": [{"name": name, "context": {"cluster": "c", "user": name}} for name in [*users, "gone"]],
            }
            content["contexts"].append({"name": "nobody", "context": {"cluster": "c"}})
            (tmp_path / "kubeconfig").write_text(json.dumps(content))
            yield tmp_path / "kubeconfig"


@pytest.mark.parametrize("context", ["files", "inside"])
def test_a_certificate_proves_the_user(mutual: Path, context: str) -> None:
    api = client.for_context(context, kubeconfig.find(context, [mutual]), [mutual])
    assert api.request("GET", "/") == {"subject": "ann"}


@pytest.mark.parametrize(
    ("context", "expected"),
    [("gone", "names user 'gone', which no kubeconfig describes"), ("nobody", "context 'nobody' names no user")],
)
def test_a_context_without_its_user_is_named(mutual: Path, context: str, expected: str) -> None:
    api = client.for_context(context, kubeconfig.find(context, [mutual]), [mutual])
    with pytest.raises(KubeconfigError, match=expected):
        api.request("GET", "/")
