"""Shoppers with a browser's habits, through the gateway: not one of them sees a broken page."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.lab.lab_commands import Lab
from tests.support.lab.local_stack import LocalDeployment
from tests.support.lab.locust_shoppers import shop
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

KINDS = {
    *("GET /", "POST /setCurrency", "GET /product/{id}", "POST /cart", "GET /cart", "POST /cart/checkout"),
    *("POST /cart/empty", "GET /logout"),
}
WHOLE = b"<!doctype html><html></html>"


@contextmanager
def pages(broken: str, status: int, body: bytes) -> Iterator[str]:
    """Serve whole pages, but one kind broken; return the address."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_broken = bool(re.fullmatch(broken, self.path))
            answer = body if is_broken else WHOLE
            self.send_response(status if is_broken else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("broken", "status", "body", "failing"),
    [
        ("nothing", 500, WHOLE, None),
        ("/product/.*", 500, WHOLE, "GET /product/{id}"),
        ("/product/.*", 200, b"<!doctype html><html>", "GET /product/{id}"),
    ],
    ids=["all are whole", "one says 500", "one is cut off"],
)
def test_shoppers_notice_a_broken_page(
    tmp_path: Path, broken: str, status: int, body: bytes, failing: str | None
) -> None:
    with pages(broken, status, body) as url:
        # On a busy machine the first seconds may pass before anyone has looked at a product.
        for seconds in (4, 20, 60):
            journey = shop(url, None, tmp_path, seconds=seconds, users=20)
            if journey.requests.get("GET /product/{id}"):
                break
    assert journey.requests["GET /product/{id}"] > 0
    assert {failure.partition(": ")[0] for failure in journey.failures} == ({failing} if failing else set())


def test_shopping_sees_no_error(lab: Lab, local: LocalDeployment, tmp_path: Path, size: Size) -> None:
    url, authority = local.stack.outputs()["url"], lab.folder / "files/certificate/ca.crt"
    journey = shop(url, authority, tmp_path, seconds=size.seconds, users=10)
    print("requests:", journey.requests)
    assert not journey.failures
    assert set(journey.requests) == KINDS
    assert sum(journey.requests.values()) > 8 * size.seconds
