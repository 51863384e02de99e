"""Commands that talk to the pods of the mesh."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from tests.support.lab.mesh_lab import Mesh

SPDY = {"KUBECTL_PORT_FORWARD_WEBSOCKETS": "false", "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}
"""What makes kubectl speak the older protocol to the API server, as clients before 1.31 do."""


def run(mesh: Mesh, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**mesh.lab.env, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def refusal_message(mesh: Mesh, *command: str) -> str:
    """Return why a command was refused."""
    done = run(mesh, *command)
    assert done.returncode != 0
    return done.stderr


@contextmanager
def run_in_background(mesh: Mesh, *command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Have a command run for a while."""
    environment, pipe = {**mesh.lab.env, **variables}, subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that a command prints."""
    assert process.stdout is not None
    return process.stdout.readline()


def local_address(forwarding: subprocess.Popen[str]) -> str:
    match = re.search(r"127\.0\.0\.1:\d+", line(forwarding))
    assert match, "kubectl forwards"
    return f"http://{match[0]}"


@contextmanager
def forward_port(mesh: Mesh, *what: str, **variables: str) -> Iterator[str]:
    """Forward a port to one of the host, and yield the URL of that."""
    command = ("kubectl", "port-forward", "--address=127.0.0.1", "-n", "shop", *what)
    with run_in_background(mesh, *command, **variables) as forwarding:
        yield local_address(forwarding)


def fetch_url(url: str, headers: dict[str, str] | None = None) -> bytes:
    with urlopen(Request(url, headers=headers or {}), timeout=20) as answer:  # noqa: S310 - it is http
        content: bytes = answer.read()
    return content
