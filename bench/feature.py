"""What a feature costs compared with a full copy of the shop: seconds to the first answer, objects, pods, memory.

Both are deployed on the same lab in the same run, the copy into a namespace of its own. Everything lives in temporary
folders and is removed.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from labs import BOUTIQUE, ROOT, Environment, await_version, lab, run, time_action

HOST, COPY = "shop.localhost", "copy.localhost"
CHANGED = "adservice"
KEY, PLAIN = "measured", "previewed"
OWN = "deployments,services,serviceaccounts,poddisruptionbudgets,httproutes"


def main() -> None:
    """Measure, and print the figures and their ratios."""
    rounds = _arguments()
    with lab() as environment, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = _project(environment, Path(folder))
        _deploy(environment, project, "local")
        copy = time_action(lambda: _deploy(environment, project, "copy"))
        whole = _cost(environment, "copy", "app.kubernetes.io/part-of=online-boutique")
        preview = ("pulumi", "preview", "--stack", PLAIN)
        run(environment, "pulumi", "stack", "init", "--no-select", "--stack", PLAIN, folder=project)
        previews = [time_action(lambda: run(environment, *preview, folder=project)) for _ in range(rounds)]
        ups, downs = [], []
        for number in range(1, rounds + 1):
            version = f"0.10.7-{KEY}.{number}"
            ups.append(time_action(lambda: _up(environment, project, version)))  # noqa: B023 - it is called at once
            part = _cost(environment, "local", f"boutique.dev/feature={KEY}")
            downs.append(time_action(lambda: run(environment, BOUTIQUE, "feature", "down", KEY, folder=project)))
            print(f"round {number} of {rounds}: up {ups[-1]:.1f} s, down {downs[-1]:.1f} s", file=sys.stderr)
    up = statistics.median(ups)
    print(f"feature, command to first answer   {up:.1f} s (median of {rounds}; slowest {max(ups):.1f} s)")
    print(f"feature down                       {statistics.median(downs):.1f} s (slowest {max(downs):.1f} s)")
    print(f"feature, pulumi preview            {statistics.median(previews):.1f} s (slowest {max(previews):.1f} s)")
    print(f"{'':<14}{'feature':>8}{'full copy':>11}{'ratio':>7}")
    for name, ours, theirs in [("seconds", up, copy), *((name, part[name], whole[name]) for name in whole)]:
        print(f"{name:<14}{ours:8.1f}{theirs:11.1f}{theirs / ours:7.1f}")


def _arguments() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="How often the feature is deployed and removed.")
    rounds: int = parser.parse_args().rounds
    return rounds


def _project(environment: Environment, folder: Path) -> Path:
    """Return a copy of the project with two environments on one platform, and a feature to be previewed."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "venv").symlink_to(sys.prefix)
    local: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    config = local["config"]
    # The lab's own certificate is for one host.
    certificate = folder / "certificate"
    run(environment, BOUTIQUE, "certificate", "make", "--host", HOST, "--host", COPY, "--out", str(certificate))
    platform, shop = config["boutique:platform"], config["boutique:environment"]
    platform["ingress"]["certificate"] |= {"chain": str(certificate / "tls.crt"), "key": str(certificate / "tls.key")}
    platform["targets"]["copy"] = {"protect": False, "host": COPY}
    config["boutique:environment"] = {**shop, "target": "local"}
    cluster = {"kind": "stack", "name": "local", "target": "copy"}
    copy = {"config": {"boutique:cluster": cluster, "boutique:environment": shop}}
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    feature = {"environment": "local", "services": {CHANGED: {"version": f"0.10.7-{PLAIN}.1"}}, "expires": expires}
    plain = {**local, "config": {"boutique:feature": feature}}
    for name, content in (("local", local), ("copy", {**local, **copy}), (PLAIN, plain)):
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content))
    return folder


def _deploy(environment: Environment, project: Path, stack: str) -> None:
    run(environment, "pulumi", "stack", "init", "--no-select", "--stack", stack, folder=project)
    run(environment, "pulumi", "up", "--yes", "--skip-preview", "--stack", stack, folder=project)


def _cost(environment: Environment, namespace: str, label: str) -> dict[str, float]:
    """Return the objects that were deployed, their pods, and what these use."""
    get = ("kubectl", "get", "-n", namespace, "-l", label, "-o", "name")
    pods = {name.rpartition("/")[2] for name in run(environment, *get, "pods").split()}
    status = json.loads(run(environment, BOUTIQUE, "lab", "status", "--json"))
    memory = sum(pod["memory"] for pod in status["pods"] if pod["name"] in pods) / 2**20
    return {"objects": len(run(environment, *get, OWN).split()), "pods": len(pods), "memory MiB": memory}


def _up(environment: Environment, project: Path, version: str) -> None:
    """Deploy the feature, and wait until its preview link leads to it."""
    command = (BOUTIQUE, "feature", "up", KEY, "--env", "local", "--service", f"{CHANGED}={version}")
    run(environment, *command, folder=project)
    await_version(environment, f"{KEY}.{HOST}", version)


if __name__ == "__main__":
    main()
