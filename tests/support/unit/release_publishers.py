"""A server that plays the publishers of releases, as a mirror of all of them."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.http_servers import serve_in_background

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Answer:
    """What a path answers.

    Attributes:
        content: Of the file.
        status: The HTTP status.
        location: Where to redirect to; `{port}` is the server's own.
        pieces: How much of the content is sent before the connection breaks, request by request; then all of it.
        ranges: Whether a part of the content may be asked for.
        hangs: Whether nothing comes after the pieces that are sent, instead of the end of the connection.
    """

    content: bytes = b""
    status: int = 200
    location: str = ""
    pieces: tuple[int, ...] = ()
    ranges: bool = True
    hangs: bool = False


@dataclass
class Publishers:
    """What is published, by host and path, and who asked for it.

    Attributes:
        answers: By host and path, such as `dl.k8s.io/v1.2.3/bin/linux/amd64/kubectl`.
        seen: Method, path and range of each request.
        port: Of the server.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def publish(self, path: str, content: bytes, **answer: Any) -> str:
        self.answers[path] = Answer(content, **answer)
        return hashlib.sha256(content).hexdigest()

    def publish_image(self, repository: str, tag: str, *layers: Mapping[str, bytes]) -> list[str]:
        """Publish an image for two platforms; return the digests of its layers, the lowest first."""

        def add(kind: str, content: bytes, name: str = "") -> dict[str, Any]:
            digest = f"sha256:{self.publish(f'v2/{repository}/{kind}/{name}', content)}"
            self.publish(f"v2/{repository}/{kind}/{digest}", content)
            return {"digest": digest, "size": len(content)}

        described = [add("blobs", tar(layer)) for layer in layers]
        manifest = add("manifests", json.dumps({"mediaType": MANIFEST, "layers": described}).encode())
        other = add("manifests", json.dumps({"mediaType": MANIFEST, "layers": []}).encode())
        platforms = (("arm64", other), ("amd64", manifest))
        manifests = [{**entry, "platform": {"os": "linux", "architecture": name}} for name, entry in platforms]
        add("manifests", json.dumps({"mediaType": INDEX, "manifests": manifests}).encode(), tag)
        return [layer["digest"] for layer in described]

    def requests(self, method: str = "GET") -> list[str]:
        return [path for verb, path, _ in self.seen if verb == method]


def tar(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(content.getvalue(), compresslevel=1, mtime=0)


def module_zip(prefix: str, files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{prefix}/{name}", data)
    return content.getvalue()


@contextmanager
def run_publishers() -> Iterator[Publishers]:
    publishers = Publishers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            answer = publishers.answers.get(path, Answer(status=404))
            span = self.headers.get("range", "")
            publishers.seen.append((self.command, path, span))
            start = int(span.removeprefix("bytes=").rstrip("-")) if span and answer.ranges else 0
            body = answer.content[start:]
            self.send_response(206 if start else answer.status)
            if answer.location:
                self.send_header("Location", answer.location.replace("{port}", str(publishers.port)))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            number = publishers.requests().count(path) - 1
            if number >= len(answer.pieces):
                self.wfile.write(body)
                return
            self.wfile.write(body[: answer.pieces[number]])
            self.wfile.flush()
            if answer.hangs:
                publishers.over.wait()
            self.close_connection = True

        do_HEAD = do_GET  # noqa: N815 - http.server calls it so

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as publishers.port:
        try:
            yield publishers
        finally:
            publishers.over.set()
