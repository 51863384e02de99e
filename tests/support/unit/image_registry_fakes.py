"""A registry of images on the loopback, which can break off, hand out wrong content, and ask for a login."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.http_servers import serve_in_background
from tests.support.unit.image_builds import OCI_INDEX, OCI_MANIFEST, Built


@dataclass
class ImageRegistry:
    """What the registry has and does.

    Attributes:
        manifests: By tag or digest.
        blobs: By digest.
        breaks: How many answers for a blob break off in the middle; each after half of what it has to send.
        takes_ranges: Whether it sends parts of blobs.
        logins: The Authorization headers that are let in; empty for everyone.
        refusals: Answers in place of blobs.
        requests: Every request, with its Range.
        authorizations: Every Authorization header that came.
        port: Of it.
    """

    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    breaks: dict[str, int] = field(default_factory=dict)
    takes_ranges: bool = True
    logins: tuple[str, ...] = ()
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    port: int = 0

    def push(self, built: Built, *tags: str, content: bytes = b"") -> None:
        """Take in an image; with `content`, an index is what the tags stand for."""
        self.blobs |= built.blobs
        self.manifests[built.digest] = built.manifest
        self.manifests |= dict.fromkeys(tags, content or built.manifest)

    def reference(self, version: str = ":1") -> str:
        return f"127.0.0.1:{self.port}/shop/ads{version}"

    @property
    def blobs_read(self) -> list[str]:
        """The blobs that were asked for, with the Range of each."""
        return [request.removeprefix("blobs/") for request in self.requests if request.startswith("blobs/")]


@contextmanager
def image_registry() -> Iterator[ImageRegistry]:
    registry = ImageRegistry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, _, name = self.path.removeprefix("/v2/shop/ads/").partition("/")
            part = self.headers.get("range", "")
            registry.requests.append(f"{kind}/{name} {part}".rstrip())
            registry.authorizations.append(self.headers.get("authorization", ""))
            if registry.logins and self.headers.get("authorization", "") not in registry.logins:
                self._send(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', {"WWW-Authenticate": 'Basic realm="a"'})
            elif name in registry.refusals:
                status, code = registry.refusals[name]
                self._send(status, json.dumps({"errors": [{"code": code, "message": "in its own words"}]}).encode())
            elif kind == "manifests" and name in registry.manifests:
                content = registry.manifests[name]
                self._send(200, content, {"Content-Type": OCI_INDEX if b'"manifests"' in content else OCI_MANIFEST})
            elif kind == "blobs" and name in registry.blobs:
                self._send_blob(name, part)
            else:
                self._send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')

        def _send_blob(self, name: str, part: str) -> None:
            content = registry.blobs[name]
            start = int(part.removeprefix("bytes=").rstrip("-")) if part and registry.takes_ranges else 0
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
            rest = content[start:]
            self.send_response(206 if start else 200)
            for header, value in {**headers, "Content-Length": str(len(rest))}.items():
                self.send_header(header, value)
            self.end_headers()
            if registry.breaks.get(name, 0):
                registry.breaks[name] -= 1
                self.wfile.write(rest[: len(rest) // 2])
                self.close_connection = True
            else:
                self.wfile.write(rest)

        def _send(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # A connection that a client keeps open would keep the server from closing.
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Keep quiet: some clients close the connection on purpose."""

    with Server(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as registry.port:
        yield registry
