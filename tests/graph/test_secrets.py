"""No secret leaves its envelope, neither in what is registered nor in what is exported."""

import base64
from typing import Any

import pytest

from tests.support.graph.clear_text import SECRET, SIGNATURE, clear_texts, recorded_values
from tests.support.graph.cloud_answers import KUBECONFIG, TOKEN
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import CANARY


@pytest.mark.parametrize("canary", [CANARY, TOKEN, base64.b64encode(TOKEN.encode()).decode(), KUBECONFIG])
def test_no_canary_is_in_clear(graph: Graph, canary: str) -> None:
    assert not any(canary in text for text in clear_texts(recorded_values(graph)))


def test_the_canaries_are_there_at_all(recording_of: Any) -> None:
    local, dev = str(recorded_values(recording_of("local"))), str(recorded_values(recording_of("dev")))
    assert CANARY in local
    assert TOKEN in local
    assert KUBECONFIG in dev


def test_the_targets_are_exported_as_a_secret_with_the_deployers_kubeconfig_only(recording_of: Any) -> None:
    targets = recording_of("local").outputs["targets"]
    assert targets[SIGNATURE] == SECRET
    assert TOKEN in str(targets)
    assert "https://127.0.0.1:1" in str(targets)
