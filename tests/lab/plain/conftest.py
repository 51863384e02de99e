"""A lab without a mesh, where one stack owns the cluster and others deploy into its targets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.lab_stacks import Stack, project

TARGETS: dict[str, dict[str, Any]] = {
    "channel-releases": {"channel": {}},
    "channel-candidates": {"channel": {"prereleases": r"^(|rc\.[0-9]+)$", "features": True}},
    **{name: {} for name in ("changed", "defaults", "dev", "doubled", "first", "named", "plain", "shop")},
    "prod": {"channel": {}, "replicas": 3},
    "staging": {"channel": {"prereleases": ".*", "features": True}},
    "test": {"channel": {"prereleases": r"^(|rc\.[0-9]+)$"}},
}
"""The targets; no two modules use the same one."""


@pytest.fixture(scope="package")
def plain(state_home: Path) -> Iterator[Lab]:
    yield from running(Lab("plain", state_home))


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="package")
def name_stack(plain: Lab, folder: Path) -> Callable[[str], Stack]:
    """Name the stacks of one project."""
    return project(folder, plain.env)


@pytest.fixture(scope="package")
def platform(name_stack: Callable[[str], Stack]) -> Stack:
    """The stack `shared`, which owns the cluster."""
    stack = platform_of(name_stack("shared").create(), TARGETS)
    stack.up()
    return stack


def platform_of(stack: Stack, targets: dict[str, dict[str, Any]], **platform: Any) -> Stack:
    """Configure the owner of the cluster, with other keys of its platform beside the targets."""
    unprotected = {name: {**target, "protect": False} for name, target in targets.items()}
    cluster = platform.pop("cluster", {"kind": "existing", "context": "boutique-lab"})
    return stack.configure(cluster=cluster, platform={"targets": unprotected, **platform})
