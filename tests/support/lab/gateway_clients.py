"""People at the gateway: requests by HTTPS to a host whose name need not resolve."""

import http.client
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography import x509

from tests.support.lab.http2_clients import send_requests


@dataclass(frozen=True)
class Site:
    """A host behind a port of this machine.

    Attributes:
        host: Its name, for the certificate and for the request.
        port: The port of 127.0.0.1.
        authority: PEM of the certificate that vouches for it.
    """

    host: str
    port: int
    authority: str

    def connect(self, version: ssl.TLSVersion | None = None) -> http.client.HTTPConnection:
        """Open a connection, of one version of TLS if not any."""
        context = ssl.create_default_context(cadata=self.authority)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        connection.sock = context.wrap_socket(plain, server_hostname=self.host)
        return connection

    def serial(self) -> int:
        """Return the serial number of the certificate that is served."""
        connection = self.connect()
        try:
            assert isinstance(connection.sock, ssl.SSLSocket)
            content = connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()
        assert content
        return x509.load_der_x509_certificate(content).serial_number

    def get(
        self,
        path: str = "/",
        version: ssl.TLSVersion | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, dict[str, str], str]:
        """Ask once, over a connection of its own; return the status, the headers and the body."""
        connection = self.connect(version)
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return response.status, answered, response.read().decode()
        finally:
            connection.close()


@dataclass
class Load:
    """What became of the requests.

    Attributes:
        kept: How many were answered over kept connections by HTTP/1.1.
        fresh: How many were answered over a connection of their own.
        http2: How many were answered by HTTP/2.
        connections: How many connections were opened.
        failures: Every failure.
    """

    kept: int = 0
    fresh: int = 0
    http2: int = 0
    connections: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    failed_first: float | None = None
    failed_last: float | None = None

    def fail(self, what: str, times: int = 1) -> None:
        """Note that requests failed just now."""
        self.failures[what] += times
        self.failed_last = time.monotonic()
        self.failed_first = self.failed_first or self.failed_last

    @property
    def outage(self) -> float:
        """The seconds from the first failure to the last one."""
        return self.failed_last - self.failed_first if self.failed_first and self.failed_last else 0.0

    @property
    def total(self) -> int:
        return self.kept + self.fresh + self.http2 + self.failures.total()


@contextmanager
def load(
    site: Site, path: str, *, keeping: int = 2, opening: int = 2, http2: int = 1, pause: float = 0.0
) -> Iterator[Load]:
    """Have visitors ask without end while something happens.

    Args:
        site: Whom they ask.
        path: For what.
        keeping: How many ask over a connection that they keep for as long as the server lets them.
        opening: How many open a connection for each request.
        http2: How many ask over a kept connection, too, but by HTTP/2; the others by HTTP/1.1.
        pause: Seconds between two requests of one visitor.
    """
    traffic, over, lock = Load(), threading.Event(), threading.Lock()

    def visit(keep: bool) -> None:
        connection: http.client.HTTPConnection | None = None
        while not over.is_set():
            try:
                if connection is None:
                    connection = site.connect()
                    with lock:
                        traffic.connections += 1
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                outcome = "" if response.status == http.HTTPStatus.OK else f"status {response.status}"
                # http.client closes the connection itself when the server asks for it.
                over_with = not keep or connection.sock is None
            except (OSError, http.client.HTTPException) as error:
                outcome, over_with = f"{'kept' if keep else 'fresh'}: {error!r}", True
            if over_with and connection is not None:
                connection.close()
                connection = None
            with lock:
                if outcome:
                    traffic.fail(outcome)
                elif keep:
                    traffic.kept += 1
                else:
                    traffic.fresh += 1
            time.sleep(pause)
        if connection is not None:
            connection.close()

    def visit_by_http2() -> None:
        per_second = round(1 / pause) if pause else None
        with send_requests(f"https://{site.host}:{site.port}{path}", site.authority, per_second) as visitor:
            for answer in visitor.answers():
                with lock:
                    traffic.connections += answer.connected
                    if answer.failure:
                        traffic.fail(answer.failure)
                    else:
                        traffic.http2 += 1
                if over.is_set():
                    break
            if repeated := visitor.retries():
                with lock:
                    traffic.fail("HTTP/2: sent again", repeated)

    visitors = [threading.Thread(target=visit, args=(number < keeping,)) for number in range(keeping + opening)]
    visitors += [threading.Thread(target=visit_by_http2) for _ in range(http2)]
    for visitor in visitors:
        visitor.start()
    try:
        yield traffic
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
