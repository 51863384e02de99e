"""The page of the tests' application: HTTP in, gRPC out, with OpenTelemetry's own instrumentation."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import hops
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware


class PageServer(ThreadingMixIn, WSGIServer):
    """Answers several requests at once."""

    daemon_threads = True
    request_queue_size = 128


class PageHandler(WSGIRequestHandler):
    """Leaves out the log of requests."""

    def log_request(self, *_: object) -> None:
        """Say nothing."""


def session(cookies: str) -> str:
    """Return the session that a request is of; empty for one without, or with cookies that cannot be read."""
    with suppress(CookieError):
        if cookie := SimpleCookie(cookies).get(os.environ["SESSION_COOKIE"]):
            return cookie.value
    return ""


def application(request: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a visit with its hops, or a probe."""
    body: object = "ok"
    if request["PATH_INFO"] != "/_healthz":
        received = {name[5:].replace("_", "-").lower(): request[name] for name in request if name.startswith("HTTP_")}
        body = {"hops": hops.visit(session(request.get("HTTP_COOKIE", "")), received)}
    respond("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


def main() -> None:
    """Serve until the container shall end."""
    server = PageServer(("", int(os.environ["PORT"])), PageHandler)
    server.set_app(OpenTelemetryMiddleware(application))
    threading.Thread(target=server.serve_forever).start()
    hops.wait_for_end()
    server.shutdown()


main()
