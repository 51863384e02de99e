"""A stand-in for the tests of the node agent: serves HTTP on its ports, and fetches a URL for whoever asks it to.

`/` names the pod and shows the headers that came; `/fetch?url=…` fetches a URL; `/die` ends it; `/slow` takes a second;
`/numbers?COUNT` is as long as wanted.
"""

import argparse
import json
import os
import signal
import socketserver
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # http.server looks its own name up, and there is no DNS here to answer.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "stub", self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are written apart: the second would wait until the first is acknowledged.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, body = 200, {"pod": ARGUMENTS.pod, "version": ARGUMENTS.version, "headers": dict(self.headers)}
        if parts.path == "/unready" or (parts.path == "/ready" and Path(f"{os.environ['HOME']}/unready").exists()):
            status = 503
        if parts.path == "/die":
            os._exit(3)
        if parts.path == "/slow":
            time.sleep(1)
        if parts.path == "/mark":
            Path(f"{os.environ['HOME']}/unready").touch()
        if parts.path == "/fetch":
            status, body = fetch(parse_qs(parts.query)["url"][0])
        content = json.dumps(body).encode()
        if parts.path == "/numbers":
            content = numbers(int(parts.query))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return str(self.client_address[0])


def numbers(count: int) -> bytes:
    """Return text in which nothing can be lost or out of order unnoticed."""
    return "".join(f"{number}," for number in range(count)).encode()


def fetch(url: str) -> tuple[int, dict[str, object]]:
    """Fetch a URL whose host is the name of a Service."""
    parts = urlsplit(url)
    addresses = json.loads(Path(ARGUMENTS.services).read_text())
    host = str(parts.hostname)
    request = urllib.request.Request(
        f"http://{addresses.get(host, host)}:{parts.port}{parts.path}", headers={"Host": str(parts.netloc)}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - it is http
            return 200, json.loads(answer.read())
    except (OSError, urllib.error.URLError) as error:
        return 502, {"error": str(error)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("pod", "version", "services", "ports"):
        parser.add_argument(f"--{name}", required=True)
    ARGUMENTS = parser.parse_args()
    servers = [Server(("", int(port)), Handler) for port in ARGUMENTS.ports.split(",")]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.pause()
