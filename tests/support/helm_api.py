"""An API server with Helm's records in Secrets, as far as the program asks for them."""

import base64
import gzip
import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import ApiServer
from boutique.kubernetes.kubeconfig_user import Credentials
from tests.support.http_servers import serve_in_background

CREATED = "2026-11-30T01:10:47Z"


def pack_release(release: Any) -> str:
    """Return a release as Helm writes it into a Secret."""
    inner = base64.b64encode(gzip.compress(json.dumps(release).encode(), mtime=0))
    return base64.b64encode(inner).decode()


def unpack_release(secret: dict[str, Any]) -> dict[str, Any]:
    release: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    return release


def secret(
    name: str,
    revision: int,
    status: str,
    *,
    namespace: str = "istio-system",
    chart: str = "",
    values: Any = None,
) -> dict[str, Any]:
    """Return a record of Helm's."""
    release = {
        "name": name,
        "info": {"status": status, "description": "under way"},
        "chart": {"metadata": {"name": chart or name.removeprefix("istio-")}},
        "config": values or {},
        "version": revision,
    }
    return {
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v{revision}",
            "namespace": namespace,
            "uid": f"{name}-{revision}",
            "resourceVersion": str(100 + revision),
            "creationTimestamp": CREATED,
            "labels": {"owner": "helm", "name": name, "status": status, "version": str(revision)},
        },
        "data": {"release": pack_release(release)},
    }


class HelmApi:
    """The state of the API server.

    Attributes:
        secrets: Those there are, by path.
        owners: Which stack owns a namespace.
        forbidden: Which methods are refused.
        written: The requests that would change something, with their bodies.
        changing: Whether another client changes every record between two requests.
    """

    def __init__(self, *secrets: dict[str, Any], **owners: str) -> None:
        self.secrets = {_path(secret): secret for secret in secrets}
        self.owners = {name.replace("_", "-"): owner for name, owner in owners.items()}
        self.forbidden: set[str] = set()
        self.written: list[tuple[str, str]] = []
        self.changing = False

    def statuses(self) -> dict[str, str]:
        return {secret["metadata"]["name"]: secret["metadata"]["labels"]["status"] for secret in self.secrets.values()}

    def answer(self, method: str, target: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        if method in self.forbidden:
            return 403, {"message": f"secrets is forbidden: ann cannot {method}"}
        if parts.path.endswith("/secrets"):
            return 200, {
                "items": [_metadata(secret) for secret in self._select_secrets(parts.path, parts.query)] or None
            }
        if "/secrets/" not in parts.path:
            owner = self.owners.get(parts.path.rpartition("/")[2])
            return 200, {"metadata": {"annotations": {"boutique.dev/owner": owner} if owner else None}}
        if parts.path not in self.secrets:
            return 404, {"message": "not found"}
        if method == "GET":
            return 200, self.secrets[parts.path]
        self.written.append((method, parts.path.rpartition("/")[2]))
        expected = (body or {}).get("preconditions") or (body or {})["metadata"]
        metadata = self.secrets[parts.path]["metadata"]
        if self.changing or any(expected[key] != metadata[key] for key in ("uid", "resourceVersion")):
            return 409, {"message": "the object has been modified"}
        if method == "DELETE":
            del self.secrets[parts.path]
        elif body:
            metadata["labels"] |= body["metadata"]["labels"]
            self.secrets[parts.path]["data"] |= body["data"]
        return 200, {}

    def _select_secrets(self, path: str, query: str) -> Iterator[dict[str, Any]]:
        parameters = parse_qs(query)
        assert parameters["fieldSelector"] == ["type=helm.sh/release.v1"]
        owner, names = parameters["labelSelector"][0].split(",", 1)
        assert owner == "owner=helm"
        wanted = names.removeprefix("name in (").removesuffix(")").split(",")
        for record in self.secrets.values():
            if _path(record).startswith(f"{path}/") and record["metadata"]["labels"]["name"] in wanted:
                yield record


@contextmanager
def serve(api: HelmApi) -> Iterator[KubernetesApi]:
    """Answer requests, and yield how the program reaches this API server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def respond(self) -> None:
            assert self.headers["Authorization"] == "Bearer canary"
            kind = "PartialObjectMetadataList" if "?" in self.path else "PartialObjectMetadata"
            whole = "/secrets/" in self.path
            assert self.headers["Accept"] == f"application/json{'' if whole else f';as={kind};v=v1;g=meta.k8s.io'}"
            length = int(self.headers.get("Content-Length") or 0)
            code, content = api.answer(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = do_DELETE = do_PATCH = respond  # noqa: N815 - the names that the library looks for

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as port:
        yield api_at_port(port)


def api_at_port(port: int) -> KubernetesApi:
    address = f"http://127.0.0.1:{port}"
    server = ApiServer(server=address, entry={"server": address})
    credentials = Credentials(headers=(("Authorization", "Bearer canary"),))
    return KubernetesApi(api_server=server, find_credentials=lambda: credentials, remedy="ask the admin")


def _path(record: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{record['metadata']['namespace']}/secrets/{record['metadata']['name']}"


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": record["metadata"]}
