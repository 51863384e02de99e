"""How long an environment takes to create: Pulumi against `kubectl apply` and `kubectl wait` of the same objects.

Both run on the same lab in turns; the ratio is of the medians. There is no mesh: what is measured is Pulumi's work, not
the start of proxies. Everything lives in a temporary folder and is removed.
"""

import json
import shutil
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from labs import ROOT, Environment, lab, run, time_action

ROUNDS = 3
STACK = "plain"
CONFIG = {
    "boutique:cluster": {"kind": "existing", "context": "boutique-lab"},
    "boutique:platform": {"targets": {STACK: {"protect": False}}},
    "boutique:environment": {"rollout": {"minReadySeconds": 0, "preStopSeconds": 5}},
}


def main() -> None:
    """Measure, and print the figures and their ratio."""
    with lab() as environment, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ours, theirs, preview, unchanged, objects = _measure(environment, _project(environment, Path(folder)))
    print(f"objects                        {objects}")
    print(f"pulumi up, nothing there       {ours:.1f} s")
    print(f"kubectl apply + kubectl wait   {theirs:.1f} s")
    print(f"ratio                          {ours / theirs:.1f}")
    print(f"pulumi preview, no changes     {preview:.1f} s")
    print(f"pulumi up, no changes          {unchanged:.1f} s")


def _project(environment: Environment, folder: Path) -> Path:
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "venv").symlink_to(sys.prefix)
    run(environment, "pulumi", "stack", "init", STACK, folder=folder)
    path = folder / f"Pulumi.{STACK}.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text() or "{}"), "config": CONFIG}))
    return folder


def _measure(environment: Environment, folder: Path) -> tuple[float, float, float, float, int]:
    pulumi: list[float] = []
    kubectl: list[float] = []
    preview = unchanged = 0.0
    up = partial(run, environment, "pulumi", "up", "--yes", "--skip-preview", folder=folder)
    objects: dict[str, Any] = {}
    for number in range(1, ROUNDS + 1):
        pulumi.append(time_action(up))
        objects = _objects(environment, folder)
        if number == 1:
            look = partial(run, environment, "pulumi", "preview", "--expect-no-changes", folder=folder)
            preview, unchanged = time_action(look), time_action(up)
        run(environment, "pulumi", "destroy", "--yes", "--skip-preview", folder=folder)
        kubectl.append(time_action(partial(_apply, environment, objects)))
        run(environment, "kubectl", "delete", "-f", "-", "--ignore-not-found", stdin=json.dumps(objects))
        print(f"round {number} of {ROUNDS}: pulumi {pulumi[-1]:.1f} s, kubectl {kubectl[-1]:.1f} s", file=sys.stderr)
    return statistics.median(pulumi), statistics.median(kubectl), preview, unchanged, len(objects["items"])


def _objects(environment: Environment, folder: Path) -> dict[str, Any]:
    """Return the objects that Pulumi made, as it asked for them, namespaces first."""
    state = json.loads(run(environment, "pulumi", "stack", "export", folder=folder))
    inputs = [
        resource["inputs"] for resource in state["deployment"]["resources"] if "metadata" in resource.get("inputs", {})
    ]
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": sorted(inputs, key=lambda content: content["kind"] != "Namespace"),
    }


def _apply(environment: Environment, objects: dict[str, Any]) -> None:
    run(environment, "kubectl", "apply", "--server-side", "-f", "-", stdin=json.dumps(objects))
    wait = ("kubectl", "wait", "--for=condition=Available", "deployment", "--all", "--timeout=300s")
    run(environment, *wait, "--namespace", STACK)


if __name__ == "__main__":
    main()
