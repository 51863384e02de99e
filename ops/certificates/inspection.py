"""Inspects the certificate in a file, or of a server, and lists its errors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from boutique.certificates.certificate import Inspection, inspect
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_hosts import uncovered_hosts
from boutique.certificates.reading import (
    CertificateContent,
    CertificatePart,
    read_certificates,
    read_pfx,
    read_private_key,
)
from ops.certificates.handshake import fetch_certificate

_SERVER = re.compile(r"\[?(?P<host>[^/\[\]]+)\]?:(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class InspectionRequest:
    """The options of an inspection.

    Attributes:
        hosts: The hosts that the certificate has to be valid for.
        servername: The host name to request from a server; None for its own.
        key: The file with the private key, if the source does not contain it.
        password: The password of a PFX, or of a private key.
    """

    hosts: Sequence[str] = ()
    servername: str | None = None
    key: Path | None = None
    password: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The result of inspecting a source.

    Attributes:
        source: The file, or `<host>:<port>`.
        errors: One line per error.
        inspection: The facts about its certificate; None if it could not be read.
        covered: Each requested host, and whether the certificate is valid for it.
        has_key: Whether the source has the private key.
        protocol: The negotiated version of TLS; empty for a file.
    """

    source: str
    errors: tuple[str, ...]
    inspection: Inspection | None = None
    covered: tuple[tuple[str, bool], ...] = ()
    has_key: bool = False
    protocol: str = ""


def inspect_source(source: str, request: InspectionRequest) -> Seen:
    """Inspect the certificate in a file, or of the server at `<host>:<port>`."""
    protocol, hosts = "", tuple(request.hosts)
    try:
        server = None if Path(source).exists() else _SERVER.fullmatch(source)
        if server is None:
            content = _in_file(Path(source), request)
        else:
            servername = request.servername or server["host"]
            hosts = hosts or (servername,)
            handshake = fetch_certificate(server["host"], int(server["port"]), servername)
            protocol = handshake.protocol
            content = CertificateContent(handshake.certificates, None, source, source)
    except CertificateError as error:
        return Seen(source=source, errors=error.errors)
    except OSError as error:
        return Seen(source=source, errors=(f"{error.filename}: {error.strerror}",))
    now = datetime.now(UTC)
    inspection = inspect(content, hosts, now, with_key=request.key is not None, with_issuer=server is None)
    missing = uncovered_hosts(hosts, inspection.facts.names)
    return Seen(
        source=source,
        errors=inspection.errors + inspection.expired,
        inspection=inspection,
        covered=tuple((host, host not in missing) for host in hosts),
        has_key=content.key is not None,
        protocol=protocol,
    )


def _in_file(path: Path, request: InspectionRequest) -> CertificateContent:
    content = path.read_bytes()
    password = CertificatePart("--password-file", request.password.encode() if request.password else None)
    certificate = CertificatePart(str(path), content)
    if b"-----BEGIN " not in content:
        return read_pfx(certificate, password)
    certificates = read_certificates(certificate)
    if request.key:
        key = CertificatePart(str(request.key), request.key.read_bytes())
        return CertificateContent(certificates, read_private_key(key, password), str(path), str(request.key))
    if b"PRIVATE KEY-----" in content:
        return CertificateContent(certificates, read_private_key(certificate, password), str(path), str(path))
    return CertificateContent(certificates, None, str(path), str(path))
