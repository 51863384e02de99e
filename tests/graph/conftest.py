"""One recorded graph per stack file and per state of the world."""

import os
from functools import cache

import pytest

from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import Recorder, deployable, record_stack

# A failing assertion prints a provider's inputs; nothing of the person who runs the tests may be among them.
for name in list(os.environ):
    if name.startswith(("AWS_", "PULUMI_", "KUBECONFIG")):
        del os.environ[name]


@pytest.fixture(scope="session")
def recorded() -> Recorder:
    """Return `recorded(stack, built=True, preview=False)`, which records the whole program for a stack file once."""
    return cache(record_stack)


@pytest.fixture(params=deployable())
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def graph(stack: str, recorded: Recorder) -> Graph:
    return recorded(stack)
