"""A proxy for tests of what is asked for by names of the internet."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.http_servers import serve_in_background


@contextmanager
def run_proxy(address: str, port: int) -> Iterator[int]:
    """Run a proxy that connects clients of one address to a port of this machine, and refuses all others."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            if line != f"CONNECT {address} HTTP/1.1\r\n".encode():
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection(("127.0.0.1", port)) as server:
                thread = threading.Thread(target=_pass_on, args=(self.connection, server))
                thread.start()
                _pass_on(server, self.connection)
                thread.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server, serve_in_background(server) as own:
        yield own


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
