"""What measurements share: a lab of their own, and commands in it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

BOUTIQUE = str(Path(sys.executable).with_name("boutique"))
ROOT = Path(__file__).parents[1]

Environment = Mapping[str, str]


@contextmanager
def lab() -> Iterator[Environment]:
    """Start a lab, and remove it afterwards; yields the environment in which commands use it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        subprocess.run([BOUTIQUE, "lab", "up"], env=environment, check=True)
        try:
            shown = subprocess.check_output([BOUTIQUE, "lab", "env", "--json"], env=environment)
            yield {name: value for name, value in (environment | json.loads(shown)).items() if value is not None}
        finally:
            subprocess.run([BOUTIQUE, "lab", "down", "--delete"], env=environment, check=True)


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
