"""A real image registry on the loopback, with a login, and what is pushed to it."""

import base64
import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from lab.toolchain.build import ensure
from lab.toolchain.tools import families_of_tests
from tests.support.certificate_samples import Issued
from tests.support.http_servers import serve_in_background
from tests.support.lab.http_stub import Server
from tests.support.unit.image_builds import OCI_MANIFEST, Built

USER = "ann"
PASSWORD = "canary-of-the-registrys-password"  # noqa: S105 - a canary
_HASHED = "$2a$04$L2QvK5u6Ni2XiGA3CBT1Y.VZxcS9zWwgUj1PeHN9jPtAH/V/8hl8W"
PAGE = 50
"""The most tags that the registry puts on a page, also if more are requested."""
_SERVICE = "the-registry"
_INDEX = "application/vnd.oci.image.index.v1+json"
_PATIENCE = 20


@dataclass(frozen=True)
class Registry:
    """A registry that runs.

    Attributes:
        port: Of it on 127.0.0.1.
        client: Asks it with the right to push.
    """

    port: int
    client: httpx.Client

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def push(self, repository: str, tags: Iterable[str]) -> dict[str, str]:
        """Push an index, of no platforms, for each tag; return their digests."""
        digests = {}
        for tag in tags:
            annotations = {"org.opencontainers.image.version": tag}
            index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [], "annotations": annotations}
            content = json.dumps(index).encode()
            done = self.client.put(
                f"/v2/{repository}/manifests/{tag}", content=content, headers={"Content-Type": _INDEX}
            )
            assert done.status_code == 201, done.text
            digests[tag] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return digests

    def push_image(self, repository: str, tag: str, built: Built) -> None:
        """Push an image with those of its blobs that the repository lacks."""
        for digest, content in built.blobs.items():
            if self.client.head(f"/v2/{repository}/blobs/{digest}").status_code == httpx.codes.OK:
                continue
            started = self.client.post(f"/v2/{repository}/blobs/uploads/")
            assert started.status_code == 202, started.text
            target = httpx.URL(started.headers["location"]).copy_merge_params({"digest": digest})
            done = self.client.put(target, content=content, headers={"Content-Type": "application/octet-stream"})
            assert done.status_code == 201, done.text
        done = self.client.put(
            f"/v2/{repository}/manifests/{tag}", content=built.manifest, headers={"Content-Type": OCI_MANIFEST}
        )
        assert done.status_code == 201, done.text


@contextmanager
def basic(folder: Path, certificate: Issued | None = None) -> Iterator[Registry]:
    """Run a registry with user and password, by HTTPS if it has a certificate."""
    (folder / "htpasswd").write_text(f"{USER}:{_HASHED}\n")
    login = {"htpasswd": {"realm": "tests, of the shop", "path": str(folder / "htpasswd")}}
    tls = {}
    if certificate:
        (folder / "tls.crt").write_text(certificate.pem)
        (folder / "tls.key").write_text(certificate.key_pem())
        tls = {"tls": {"certificate": str(folder / "tls.crt"), "key": str(folder / "tls.key")}}
    with _run_registry(folder, login, tls) as port:
        kind = "https" if certificate else "http"
        # It is not asked by its name, and only by who has just made it.
        client = httpx.Client(
            base_url=f"{kind}://127.0.0.1:{port}", auth=(USER, PASSWORD), verify=not certificate, trust_env=False
        )
        with client:
            yield Registry(port, client)


@contextmanager
def token(folder: Path) -> Iterator[Registry]:
    """Run a registry that takes the tokens of a server beside it."""
    issuer = _Issuer()
    (folder / "keys.json").write_text(json.dumps(issuer.keys))
    with issuer.serving() as port:
        login = {
            "token": {
                "realm": f"http://127.0.0.1:{port}/token?of=tests",
                "service": _SERVICE,
                "issuer": _SERVICE,
                "jwks": str(folder / "keys.json"),
            }
        }
        with _run_registry(folder, login) as registry:
            everything = issuer.token(["repository:shop/adservice:pull,push"])
            headers = {"Authorization": f"Bearer {everything}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{registry}", headers=headers, trust_env=False) as client:
                yield Registry(registry, client)


@contextmanager
def _run_registry(folder: Path, login: Mapping[str, Any], http: Mapping[str, Any] | None = None) -> Iterator[int]:
    program = ensure(Mock(), choice=families_of_tests()).path("registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    content = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}},
        "http": {"addr": f"127.0.0.1:{port}", **(http or {})},
        "tags": {"maxtags": PAGE},
        "auth": login,
    }
    # JSON is YAML.
    (folder / "registry.yaml").write_text(json.dumps(content))
    with (folder / "registry.log").open("wb") as log:
        running = subprocess.Popen(
            [program, "serve", folder / "registry.yaml"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"OTEL_TRACES_EXPORTER": "none"},
        )
        try:
            deadline = time.monotonic() + _PATIENCE
            while not _listens(port):
                assert running.poll() is None, (folder / "registry.log").read_text()
                assert time.monotonic() < deadline, "the registry does not start"
                time.sleep(0.02)
            yield port
        finally:
            running.kill()
            running.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class _Issuer:
    """Signs tokens for clients that know the password."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def keys(self) -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        x, y = (_encode(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": "a-key", "alg": "ES256", "use": "sig", "x": x, "y": y}]}

    def token(self, scopes: Iterable[str]) -> str:
        now = int(time.time())
        access = [
            {"type": kind, "name": name, "actions": actions.split(",")}
            for kind, name, actions in (scope.split(":") for scope in scopes)
        ]
        claims = {"iss": _SERVICE, "aud": [_SERVICE], "sub": USER, "nbf": now, "exp": now + 300, "access": access}
        head = {"typ": "JWT", "alg": "ES256", "kid": "a-key"}
        signed = ".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    @contextmanager
    def serving(self) -> Iterator[int]:
        issuer = self
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                good = self.headers["authorization"] == expected and query["service"] == [_SERVICE]
                good = good and query["of"] == ["tests"]
                body = json.dumps({"token": issuer.token(query["scope"])} if good else {"errors": []}).encode()
                self.send_response(200 if good else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with Server(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as port:
            yield port


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def docker_configuration(folder: Path, registry: str, password: str = PASSWORD) -> Path:
    """Write what `docker login` would leave in a folder, and return the file."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
    return path
