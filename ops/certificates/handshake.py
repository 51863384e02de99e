"""Fetches the certificate that a server sends in a TLS handshake."""

import select
import socket
import time
from dataclasses import dataclass

from cryptography import x509
from OpenSSL import SSL

from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_hosts import is_address

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class ShownCertificate:
    """The certificates that a server sent.

    Attributes:
        certificates: In the order in which it sent them.
        protocol: Such as `TLSv1.3`.
    """

    certificates: tuple[x509.Certificate, ...]
    protocol: str


def address(host: str) -> str:
    """Return the address of a host: names under `localhost` are this machine, without a resolver.

    https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host


def fetch_certificate(host: str, port: int, servername: str, seconds: float | None = None) -> ShownCertificate:
    """Fetch the certificates of a server without verifying them.

    Args:
        host: Its name or address, see `address`.
        port: Its TCP port.
        servername: The host name to request (SNI).
        seconds: How long to wait for an answer; ten if not given.

    Raises:
        CertificateError: It cannot be reached, or does not speak TLS.
    """
    seconds = _TIMEOUT_SECONDS if seconds is None else seconds
    deadline = time.monotonic() + seconds
    try:
        with socket.create_connection((address(host), port), seconds) as raw:
            connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), raw)
            if not is_address(servername):
                connection.set_tlsext_host_name(servername.encode("idna"))
            connection.set_connect_state()
            _shake_hands(connection, raw, deadline)
            certificates = tuple(connection.get_peer_cert_chain(as_cryptography=True) or ())
            protocol = connection.get_protocol_version_name()
    except SSL.Error as error:
        raise CertificateError([f"{host}:{port}: no TLS for {servername!r}: {_reason(error)}"]) from None
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CertificateError([f"{host}:{port}: cannot be reached: {reason}"]) from None
    if not certificates:
        raise CertificateError([f"{host}:{port}: shows no certificate for {servername!r}"])
    return ShownCertificate(certificates, protocol)


def _shake_hands(connection: SSL.Connection, raw: socket.socket, deadline: float) -> None:
    # A socket with a timeout is non-blocking, so the caller has to wait for data.
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            if not select.select([raw], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("no answer in time") from None
        else:
            return


def _reason(error: SSL.Error) -> str:
    """Return OpenSSL's text for an error, whose argument is a list of tuples, or a number and a text."""
    details = error.args[0] if error.args else None
    if isinstance(details, list) and details:
        return str(details[-1][-1])
    return str(error.args[-1]).lower() if error.args else "the connection was closed"
