"""Requests over a connection that was opened for another host, as browsers send them, by either version of HTTP."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.lab.gateway_clients import Site

VERSIONS = ("2", "1.1")


@dataclass(frozen=True)
class Response:
    """What came back.

    Attributes:
        version: Of HTTP.
        status: The status code.
        headers: By name in lower case; those that came several times have several values.
        body: The body.
    """

    version: str
    status: int
    headers: dict[str, list[str]]
    body: str

    def page(self) -> dict[str, Any]:
        """Return a page of the shop as its frontend tells it to programs."""
        content: dict[str, Any] = json.loads(self.body)
        return content


def request_over(site: Site, host: str, version: str, **headers: str) -> Response:
    """Ask for a host over a new connection for a site.

    Args:
        site: Whose name the connection has as its server name.
        host: Of the request, without port.
        version: Of HTTP.
        headers: Other headers.
    """
    with tempfile.TemporaryDirectory() as name:
        authority = Path(name, "ca.crt")
        authority.write_text(site.authority)
        given = {"Host": f"{host}:{site.port}", "Accept": "application/json", **headers}
        command = ["curl", "--silent", "--show-error", "--max-time", "20", f"--http{version}"]
        command += ["--cacert", str(authority), "--resolve", f"{site.host}:{site.port}:127.0.0.1"]
        for header, value in given.items():
            command += ["--header", f"{header}: {value}"]
        # curl writes the body to stdout before what `--write-out` has on stderr.
        command += ["--write-out", "%{stderr}%{http_version} %{http_code}\\n%{header_json}"]
        done = subprocess.run(
            [*command, f"https://{site.host}:{site.port}/"], capture_output=True, text=True, check=True, timeout=30
        )
    first, _, rest = done.stderr.partition("\n")
    spoken, status = first.split()
    return Response(spoken, int(status), json.loads(rest), done.stdout)


def browse(site: Site, host: str, version: str, **headers: str) -> tuple[Response, bool]:
    """Ask as a browser does that has a connection for a site; return the page, and whether it took a second connection.

    Status 421 makes it open one for the host itself: RFC 9110, section 15.5.20.
    """
    response = request_over(site, host, version, **headers)
    if response.status != 421:
        return response, False
    own = Site(host, site.port, site.authority)
    return request_over(own, host, version, **headers), True
