"""A server that speaks TLS on this machine, for the tests of certificates."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serve_tls(chain: Path, key: Path, **sent_for: tuple[Path, Path]) -> Iterator[int]:
    """Yield the port of a server.

    Args:
        chain: The certificate it shows.
        key: Its private key.
        sent_for: Other certificates and keys, by the first label of the host that is asked for.
    """
    context = _context(chain, key)
    others = {label: _context(*files) for label, files in sent_for.items()}

    def choose(connection: ssl.SSLObject, servername: str | None, _: ssl.SSLContext) -> None:
        other = others.get((servername or "").partition(".")[0])
        if other:
            connection.context = other

    context.sni_callback = choose
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # Closing alone does not wake who waits in accept().
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _context(chain: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        try:
            with connection, context.wrap_socket(connection, server_side=True) as served:
                served.sendall(b"hello")
        except OSError:
            # A client that refuses the certificate is what some tests are about.
            continue


@contextmanager
def serve_plaintext(content: bytes) -> Iterator[int]:
    """Yield the port of a server that waits for a client to speak, answers without any TLS and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()
