"""How long the way back to the last release takes under load, and for how long nobody answers meanwhile, by strategy.

All are of the same page of the same environment, on the same lab in the same run. Everything lives in temporary
folders and is removed.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import yaml
from labs import ROOT, Environment, connect, lab, run
from load import Load, load

HOST = "shop.localhost"
PAGE = "frontend"
OLD, NEW = "v0.10.6", "v0.10.7"
STRATEGIES = ("rolling", "blueGreen", "recreate")
PER_SECOND = 50
"""Requests for the page that calls nobody; upstream's load generator makes two a second (10 users, 1 to 10 s apart)."""


@dataclass(frozen=True)
class Back:
    """A way back.

    Attributes:
        took: Seconds from the command to the first old page.
        gap: Seconds from the first look at the page that nobody answered to the first old page.
        load: What became of the visitors' requests, from the command to its end.
    """

    took: float
    gap: float
    load: Load


def main() -> None:
    """Measure, and print the figures and their ratio."""
    rounds = _arguments()
    with lab() as environment, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = _project(Path(folder))
        for stack in ("platform", "shop"):
            run(environment, "pulumi", "stack", "init", "--no-select", "--stack", stack, folder=project)
        run(environment, "pulumi", "up", "--yes", "--skip-preview", "--stack", "platform", folder=project)
        backs: dict[str, list[Back]] = {}
        for strategy in STRATEGIES:
            _configure(environment, project, f"environment.services.{PAGE}.rollout.strategy", strategy)
            for number in range(1, rounds + 1):
                _release(environment, project, OLD)
                _release(environment, project, NEW)
                backs.setdefault(strategy, []).append(_release(environment, project, OLD))
                print(f"{strategy}, {number} of {rounds}: back in {backs[strategy][-1].took:.1f} s", file=sys.stderr)
    for name, found in backs.items():
        _print(f"{name}, back to the first old page", [each.took for each in found])
        _print(f"{name}, nobody answers for", [each.gap for each in found])
        total = Load(sum(each.load.answered for each in found), sum(each.load.failed for each in found))
        print(f"{f'{name}, meanwhile':<43}{total}")
    rolling, switched = (statistics.median(each.took for each in backs[name]) for name in STRATEGIES[:2])
    print(f"{'rolling takes as long as blueGreen, times':<43}{rolling / switched:.1f}")


def _print(what: str, seconds: list[float]) -> None:
    print(f"{what:<43}{statistics.median(seconds):.1f} s (median of {len(seconds)}; longest {max(seconds):.1f} s)")


def _arguments() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="How often each goes forth and back.")
    rounds: int = parser.parse_args().rounds
    return rounds


def _project(folder: Path) -> Path:
    """Return a copy of the project with the platform in one stack and the environment in another."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "venv").symlink_to(sys.prefix)
    local: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    shop = local["config"].pop("boutique:environment")
    there = {"kind": "stack", "name": "platform", "target": "local"}
    for name, config in (
        ("platform", local["config"]),
        ("shop", {"boutique:cluster": there, "boutique:environment": shop, "boutique:release": {"default": OLD}}),
    ):
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({**local, "config": config}))
    return folder


def _configure(environment: Environment, project: Path, key: str, value: str) -> None:
    command = ("pulumi", "config", "set", "--path", "--stack", "shop", f"boutique:{key}", value)
    run(environment, *command, folder=project)


def _release(environment: Environment, project: Path, version: str) -> Back:
    """Deploy a version of the page, and return after how many seconds it was there, and what came before it."""
    _configure(environment, project, f"release.services.{PAGE}", version)
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "shop")
    began = time.monotonic()
    with (
        load(lambda: connect(environment, HOST), "/_healthz", PER_SECOND) as visitors,
        subprocess.Popen(command, cwd=project, env=dict(environment), stdout=subprocess.DEVNULL) as running,
    ):
        silent_since = None
        while (answer := _version(environment)) != version:
            silent_since = None if answer else silent_since or time.monotonic()
            if time.monotonic() - began > 120:
                running.terminate()
                sys.exit(f"version {version} does not come")
            # Each look takes a connection and fourteen calls: more of them would slow down what is measured.
            time.sleep(0.2)
        there = time.monotonic()
    if running.returncode:
        sys.exit(f"{' '.join(command)} ended with {running.returncode}")
    return Back(there - began, there - silent_since if silent_since else 0.0, visitors)


def _version(environment: Environment) -> str:
    """Return which version of the page answers; empty if none does."""
    try:
        connection = connect(environment, HOST)
        connection.request("GET", "/", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read()
        connection.close()
    except (OSError, HTTPException):
        return ""
    return str(json.loads(body)["version"]) if response.status == 200 else ""


if __name__ == "__main__":
    main()
