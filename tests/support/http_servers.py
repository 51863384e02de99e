"""Servers of the tests' own, for a while."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serve_in_background(server: socketserver.TCPServer) -> Iterator[int]:
    """Have an open server answer in the background, and yield its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
