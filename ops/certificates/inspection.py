"""What is in a file with a certificate, or at an address that serves one, and what is wrong with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from boutique.certificates.certificate import Inspection, inspect
from boutique.certificates.certificate_errors import CertificateError
from boutique.certificates.certificate_hosts import uncovered
from boutique.certificates.reading import (
    CertificateContent,
    CertificatePart,
    read_certificates,
    read_pfx,
    read_private_key,
)
from ops.certificates.handshake import shown

_SERVER = re.compile(r"\[?(?P<host>[^/\[\]]+)\]?:(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class InspectionRequest:
    """What is asked about a source.

    Attributes:
        hosts: What its certificate has to be valid for.
        servername: Which host a server is asked for; its own name if not given.
        key: The file with the private key, if it is another one.
        password: Of a PFX, or of a private key.
    """

    hosts: Sequence[str] = ()
    servername: str | None = None
    key: Path | None = None
    password: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found out about a source.

    Attributes:
        source: As it was given.
        mistakes: A line for everything that is wrong.
        inspection: What its certificate is like; None if it could not be read.
        covered: Each host that was asked about, and whether the certificate is valid for it.
        has_key: Whether the private key is there too.
        protocol: The version of TLS that a server spoke.
    """

    source: str
    mistakes: tuple[str, ...]
    inspection: Inspection | None = None
    covered: tuple[tuple[str, bool], ...] = ()
    has_key: bool = False
    protocol: str = ""


def look(source: str, request: InspectionRequest) -> Seen:
    """Return what there is to say about a file, or about `<host>:<port>`."""
    protocol, hosts = "", tuple(request.hosts)
    try:
        server = None if Path(source).exists() else _SERVER.fullmatch(source)
        if server is None:
            found = _in_file(Path(source), request)
        else:
            servername = request.servername or server["host"]
            hosts = hosts or (servername,)
            answer = shown(server["host"], int(server["port"]), servername)
            protocol = answer.protocol
            found = CertificateContent(answer.certificates, None, source, source)
    except CertificateError as error:
        return Seen(source=source, mistakes=error.errors)
    except OSError as error:
        return Seen(source=source, mistakes=(f"{error.filename}: {error.strerror}",))
    now = datetime.now(UTC)
    inspection = inspect(found, hosts, now, with_key=request.key is not None, with_issuer=server is None)
    missing = uncovered(hosts, inspection.facts.names)
    return Seen(
        source=source,
        mistakes=inspection.errors + inspection.expired,
        inspection=inspection,
        covered=tuple((host, host not in missing) for host in hosts),
        has_key=found.key is not None,
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
