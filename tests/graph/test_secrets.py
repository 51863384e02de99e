"""No secret leaves its envelope, neither in what is registered nor in what is exported."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cloud import KUBECONFIG, TOKEN
from google.protobuf import json_format
from recording import Graph
from stackfiles import CANARY

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how the wire marks a secret (pulumi/runtime/rpc.py)


def in_clear(value: Any) -> Iterator[str]:
    """Yield every text that stands outside a secret envelope."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) != SECRET:
            for each in value.values():
                yield from in_clear(each)
    elif isinstance(value, list):
        for each in value:
            yield from in_clear(each)
    elif isinstance(value, str):
        yield value


def everything(graph: Graph) -> list[Any]:
    return [*(json_format.MessageToDict(each.request.object) for each in graph.resources), *graph.sealed.values()]


@pytest.mark.parametrize("canary", [CANARY, TOKEN, base64.b64encode(TOKEN.encode()).decode(), KUBECONFIG])
def test_no_canary_is_in_clear(graph: Graph, canary: str) -> None:
    assert not any(canary in text for text in in_clear(everything(graph)))


def test_the_canaries_are_there_at_all(recorded: Any) -> None:
    local, dev = str(everything(recorded("local"))), str(everything(recorded("dev")))
    assert CANARY in local
    assert TOKEN in local
    assert KUBECONFIG in dev


def test_the_targets_are_exported_as_a_secret_with_the_deployers_kubeconfig_only(recorded: Any) -> None:
    targets = recorded("local").outputs["targets"]
    assert targets[SIGNATURE] == SECRET
    assert TOKEN in str(targets)
    assert "https://127.0.0.1:1" in str(targets)
