"""Visitors who speak HTTP/2: curl, one request after the other over a connection that is kept as long as it can be.

When the server says goodbye (GOAWAY), curl goes on with the answer under way, as browsers do. When a kept connection is
found dead it tries again by itself, which would hide a failure; it says so, and that is counted.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MANY = 1_000_000
_TOLD = "%{http_version} %{http_code} %{exitcode} %{num_connects}\\n"
_AGAIN = "retrying a fresh connect"


@dataclass(frozen=True)
class Answer:
    """What became of one request.

    Attributes:
        failure: What went wrong; empty if nothing did.
        connected: Whether a connection was opened for it.
    """

    failure: str
    connected: bool


class Http2Visitor:
    """One visitor, who asks until the end of `asking`."""

    def __init__(self, running: subprocess.Popen[str], log: Path) -> None:
        self._running = running
        self._log = log

    def answers(self) -> Iterator[Answer]:
        """Return what became of each request, as soon as it is known."""
        assert self._running.stdout
        for line in self._running.stdout:
            version, status, code, connects = line.split()
            good = (version, status, code) == ("2", "200", "0")
            yield Answer("" if good else f"HTTP/{version}: status {status}, curl ended with {code}", connects != "0")

    def retries(self) -> int:
        """Return how often a request was sent again because its connection had died."""
        return self._log.read_text(errors="replace").count(_AGAIN)


@contextmanager
def send_requests(url: str, authority: str, per_second: int | None) -> Iterator[Http2Visitor]:
    """Have a visitor ask for a page, by GET, until the block ends.

    Args:
        url: Of the page.
        authority: PEM of the certificate that vouches for the host.
        per_second: How often at most; None for as often as it can.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ca.crt").write_text(authority)
        # curl buffers what it says of requests, which would come in hundreds.
        command = ["stdbuf", "--output=L", "curl", "--http2", "--silent", "--verbose", "--max-time", "10"]
        command += ["--cacert", str(folder / "ca.crt")]
        command += ["--output", "/dev/null", "--write-out", _TOLD, f"{url}?[1-{_MANY}]"]
        command += ["--rate", f"{per_second}/s"] if per_second else []
        log = folder / "log"
        with (
            log.open("w") as output,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True) as running,
        ):
            try:
                yield Http2Visitor(running, log)
            finally:
                running.terminate()
