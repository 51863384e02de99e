"""What measurements share: a lab of their own, and commands in it."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

BOUTIQUE = str(Path(sys.executable).with_name("boutique"))
ROOT = Path(__file__).parents[1]

Environment = Mapping[str, str]


@contextmanager
def lab() -> Iterator[Environment]:
    """Start a lab, and remove it afterwards; yields the environment in which commands use it."""
    # A shell has its background jobs ignore SIGINT. Pulumi's plugins would do so too, and it would wait five seconds.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        subprocess.run([BOUTIQUE, "lab", "up"], env=environment, check=True)
        try:
            shown = subprocess.check_output([BOUTIQUE, "lab", "env", "--json"], env=environment)
            yield {name: value for name, value in (environment | json.loads(shown)).items() if value is not None}
        finally:
            subprocess.run([BOUTIQUE, "lab", "down", "--delete"], env=environment, check=True)


def connect(environment: Environment, host: str) -> HTTPConnection:
    """Open a connection to the gateway of a lab, for a host whose name need not resolve."""
    context = ssl.create_default_context(cafile=Path(environment["BOUTIQUE_LAB_FILES"], "certificate/ca.crt"))
    plain = socket.create_connection(("127.0.0.1", int(environment["BOUTIQUE_LAB_HTTPS_PORT"])), timeout=5)
    connection = HTTPConnection(host, timeout=5)
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    return connection


def run(environment: Environment, *command: str, stdin: str | None = None, folder: Path = ROOT) -> str:
    """Run a command and return what it prints; if it fails, that is the end of the measurement."""
    done = subprocess.run(
        command, env=environment, cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of all values does not exceed."""
    return sorted(values)[max(0, -(-int(share * 100) * len(values) // 100) - 1)]
