"""How long a rollback takes under load, and for how long the page is unavailable meanwhile, by strategy.

All are of the same page of the same environment in the same run, in a stack of its own. Everything lives in temporary
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import yaml
from labs import ROOT, Environment, connect, lab, run
from load import LoadResult, load

HOST = "shop.localhost"
PAGE = "frontend"
OLD, NEW = "v0.10.6", "v0.10.7"
STRATEGIES = ("rolling", "blueGreen", "recreate")
SHOP, PLATFORM = "shop", "platform"
PER_SECOND = 50
"""Requests for the page that calls no other service; upstream's generator makes two (10 users, 1 to 10 s apart)."""


@dataclass(frozen=True)
class Back:
    """A measured rollback.

    Attributes:
        took: Seconds from the command to the first old page.
        gap: Seconds from the first request without an answer to the first old page.
        load: What became of the visitors' requests, from the command to its end.
    """

    took: float
    gap: float
    load: LoadResult


def main() -> None:
    """Measure, and print the figures and their ratio."""
    rounds = _arguments()
    rollbacks: dict[str, list[Back]] = {}
    with _deploy(PLATFORM, SHOP) as (environment, project):
        for strategy in STRATEGIES:
            rollbacks[strategy] = _measure_rollbacks(environment, project, SHOP, strategy, rounds)
    for name, measurements in rollbacks.items():
        _print(f"{name}, back to the first old page", [measurement.took for measurement in measurements])
        _print(f"{name}, unavailable for", [measurement.gap for measurement in measurements])
        total = LoadResult(
            sum(measurement.load.answered for measurement in measurements),
            sum(measurement.load.failed for measurement in measurements),
        )
        print(f"{f'{name}, meanwhile':<56}{total}")
    rolling, switched = (
        statistics.median(measurement.took for measurement in rollbacks[name]) for name in STRATEGIES[:2]
    )
    print(f"{'rolling takes as long as blueGreen, times':<56}{rolling / switched:.1f}")


def _print(title: str, seconds: list[float]) -> None:
    print(f"{title:<56}{statistics.median(seconds):.1f} s (median of {len(seconds)}; longest {max(seconds):.1f} s)")


def _arguments() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="How often each goes forth and back.")
    rounds: int = parser.parse_args().rounds
    return rounds


@contextmanager
def _deploy(*stacks: str) -> Iterator[tuple[Environment, Path]]:
    """Start a lab, make stacks, and deploy the first of them."""
    with lab() as environment, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = _project(Path(folder))
        for stack in stacks:
            run(environment, "pulumi", "stack", "init", "--no-select", "--stack", stack, folder=project)
        run(environment, "pulumi", "up", "--yes", "--skip-preview", "--stack", stacks[0], folder=project)
        yield environment, project


def _project(folder: Path) -> Path:
    """Return a copy of the project with the platform in one stack and the environment in another."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "venv").symlink_to(sys.prefix)
    local: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    shop = {"boutique:environment": local["config"].pop("boutique:environment"), "boutique:release": {"default": OLD}}
    cluster = {"kind": "stack", "name": PLATFORM, "target": "local"}
    for name, config in (
        (PLATFORM, local["config"]),
        (SHOP, {"boutique:cluster": cluster, **shop}),
    ):
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({**local, "config": config}))
    return folder


def _measure_rollbacks(environment: Environment, project: Path, stack: str, strategy: str, rounds: int) -> list[Back]:
    """Go forth and back several times."""
    _configure(environment, project, stack, f"environment.services.{PAGE}.rollout.strategy", strategy)
    measurements = []
    for number in range(1, rounds + 1):
        _release(environment, project, stack, OLD)
        _release(environment, project, stack, NEW)
        measurements.append(_release(environment, project, stack, OLD))
        print(
            f"{strategy} in stack {stack}, {number} of {rounds}: back in {measurements[-1].took:.1f} s", file=sys.stderr
        )
    return measurements


def _configure(environment: Environment, project: Path, stack: str, key: str, value: str) -> None:
    command = ("pulumi", "config", "set", "--path", "--stack", stack, f"boutique:{key}", value)
    run(environment, *command, folder=project)


def _release(environment: Environment, project: Path, stack: str, version: str) -> Back:
    """Deploy a version of the page, and return after how many seconds it was there, and what came before it."""
    _configure(environment, project, stack, f"release.services.{PAGE}", version)
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack)
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
        arrived = time.monotonic()
    if running.returncode:
        sys.exit(f"{' '.join(command)} ended with {running.returncode}")
    return Back(arrived - began, arrived - silent_since if silent_since else 0.0, visitors)


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
