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
def recording_of() -> Recorder:
    """Return `recording_of(stack, built=True, preview=False)`, which records the program for each stack once."""
    return cache(record_stack)


@pytest.fixture(params=deployable())
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def graph(stack: str, recording_of: Recorder) -> Graph:
    return recording_of(stack)
