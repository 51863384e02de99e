"""How long an environment takes to create: Pulumi against `kubectl apply` and `kubectl wait` of the same objects.

Both run on the same lab in turns; the ratio is of the medians. Everything lives in a temporary folder and is removed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

ROUNDS = 3
STACK = "local"
BOUTIQUE = str(Path(sys.executable).with_name("boutique"))
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure, and print the figures and their ratio."""
    with _lab() as environment:
        _run(environment, "pulumi", "stack", "select", "--create", STACK)
        pulumi, kubectl = [], []
        for number in range(1, ROUNDS + 1):
            pulumi.append(_timed(lambda: _run(environment, "pulumi", "up", "--yes", "--skip-preview")))
            objects = _objects(environment)
            if number == 1:
                preview = _timed(lambda: _run(environment, "pulumi", "preview", "--expect-no-changes"))
                unchanged = _timed(lambda: _run(environment, "pulumi", "up", "--yes", "--skip-preview"))
            _run(environment, "pulumi", "destroy", "--yes", "--skip-preview")
            kubectl.append(_timed(partial(_apply, environment, objects)))
            _run(environment, "kubectl", "delete", "-f", "-", "--ignore-not-found", stdin=json.dumps(objects))
            print(
                f"round {number} of {ROUNDS}: pulumi {pulumi[-1]:.1f} s, kubectl {kubectl[-1]:.1f} s", file=sys.stderr
            )
    ours, theirs = statistics.median(pulumi), statistics.median(kubectl)
    print(f"objects                        {len(objects['items'])}")
    print(f"pulumi up, nothing there       {ours:.1f} s")
    print(f"kubectl apply + kubectl wait   {theirs:.1f} s")
    print(f"ratio                          {ours / theirs:.1f}")
    print(f"pulumi preview, no changes     {preview:.1f} s")
    print(f"pulumi up, no changes          {unchanged:.1f} s")


@contextmanager
def _lab() -> Iterator[Mapping[str, str]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        subprocess.run([BOUTIQUE, "lab", "up"], env=environment, check=True)
        try:
            shown = subprocess.check_output([BOUTIQUE, "lab", "env", "--json"], env=environment)
            yield {name: value for name, value in (environment | json.loads(shown)).items() if value is not None}
        finally:
            subprocess.run([BOUTIQUE, "lab", "down", "--delete"], env=environment, check=True)


def _objects(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the objects that Pulumi made, as it asked for them, namespaces first."""
    state = json.loads(_run(environment, "pulumi", "stack", "export"))
    inputs = [each["inputs"] for each in state["deployment"]["resources"] if "metadata" in each.get("inputs", {})]
    return {"apiVersion": "v1", "kind": "List", "items": sorted(inputs, key=lambda each: each["kind"] != "Namespace")}


def _apply(environment: Mapping[str, str], objects: Mapping[str, Any]) -> None:
    _run(environment, "kubectl", "apply", "--server-side", "-f", "-", stdin=json.dumps(objects))
    wait = ("kubectl", "wait", "--for=condition=Available", "deployment", "--all", "--timeout=300s")
    _run(environment, *wait, "--namespace", STACK)


def _timed(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _run(environment: Mapping[str, str], *command: str, stdin: str | None = None) -> str:
    done = subprocess.run(command, env=environment, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
