"""One recorded graph per stack file and per state of the world."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import stackfiles
from cloud import KUBECONFIG, Cloud
from recording import Graph, main, record

# A failing assertion prints a provider's inputs; nothing of the person who runs the tests may be among them.
for name in list(os.environ):
    if name.startswith(("AWS_", "PULUMI_", "KUBECONFIG")):
        del os.environ[name]

DEPLOYABLE = [
    stack for stack in stackfiles.stacks() if stackfiles.content(stack)["config"]["boutique:cluster"]["kind"] != "eks"
]
"""Stacks whose layers exist."""

Recorder = Callable[..., Graph]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """Return `recorded(stack, built=True, preview=False)`, which records the whole program for a stack file."""
    folder: Path = tmp_path_factory.mktemp("kubeconfig")

    @cache
    def run(stack: str, *, built: bool = True, preview: bool = False) -> Graph:
        values, secret = stackfiles.config(stack)
        targets = {name: {"namespace": name, "kubeconfig": KUBECONFIG} for name in ("dev", "test")}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(stackfiles.kubeconfig(folder)))
            patch.setattr("boutique.reach.check", lambda *_: None)
            return record(
                main,
                Cloud(targets, built=built),
                stack=stack,
                config=values,
                secret_keys=secret,
                preview=preview,
            )

    return run


@pytest.fixture(params=DEPLOYABLE)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def graph(stack: str, recorded: Recorder) -> Graph:
    return recorded(stack)
