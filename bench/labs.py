"""Starts a lab for a measurement, and runs commands in it."""

import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

BOUTIQUE = str(Path(sys.executable).with_name("boutique"))
ROOT = Path(__file__).parents[1]

Environment = Mapping[str, str]


@contextmanager
def lab(boutique: str = BOUTIQUE) -> Iterator[Environment]:
    """Start a lab, and remove it afterwards; yields the environment in which commands use it.

    Args:
        boutique: The command to do it with; the lab's commands then find it on PATH.
    """
    # A shell has its background jobs ignore SIGINT. Pulumi's plugins would do so too, and it would wait five seconds.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        subprocess.run([boutique, "lab", "up"], env=environment, check=True)
        try:
            shown = subprocess.check_output([boutique, "lab", "env", "--json"], env=environment)
            yield {name: value for name, value in (environment | json.loads(shown)).items() if value is not None}
        finally:
            subprocess.run([boutique, "lab", "down", "--delete"], env=environment, check=True)


def connect(environment: Environment, host: str) -> HTTPConnection:
    """Open a connection to the gateway of a lab, for a host whose name need not resolve."""
    context = ssl.create_default_context(cafile=Path(environment["BOUTIQUE_LAB_FILES"], "certificate/ca.crt"))
    plain = socket.create_connection(("127.0.0.1", int(environment["BOUTIQUE_LAB_HTTPS_PORT"])), timeout=5)
    connection = HTTPConnection(host, timeout=5)
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    return connection


def await_version(environment: Environment, host: str, version: str, seconds: float = 30) -> None:
    """Ask for a page at a host until a version answers; if none does, that is the end of the measurement."""
    deadline = time.monotonic() + seconds
    while not _answers(environment, host, version):
        if time.monotonic() > deadline:
            sys.exit(f"{host} does not answer with {version}")
        time.sleep(0.02)


def _answers(environment: Environment, host: str, version: str) -> bool:
    try:
        connection = connect(environment, host)
        connection.request("GET", "/product/OLJCESPC7Z", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read()
        connection.close()
    except (OSError, HTTPException):
        return False
    return response.status == 200 and any(hop["version"] == version for hop in json.loads(body)["hops"])


def run(environment: Environment, *command: str, stdin: str | None = None, folder: Path = ROOT) -> str:
    """Run a command and return what it prints; if it fails, that is the end of the measurement."""
    done = subprocess.run(
        command, env=environment, cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def time_action(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def cpu(action: Callable[[], object]) -> float:
    """Return the CPU seconds, of user and system, of the processes that something starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of all values does not exceed."""
    return sorted(values)[max(0, -(-int(share * 100) * len(values) // 100) - 1)]
