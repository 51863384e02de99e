"""What of a graph stands outside secret envelopes."""

from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format

from tests.support.graph.graph_recorder import Graph

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how the wire marks a secret (pulumi/runtime/rpc.py)


def clear_texts(value: Any) -> Iterator[str]:
    """Yield every text that stands outside a secret envelope."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) != SECRET:
            for item in value.values():
                yield from clear_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from clear_texts(item)
    elif isinstance(value, str):
        yield value


def recorded_values(graph: Graph) -> list[Any]:
    """Return all inputs and all outputs, with secret envelopes."""
    return [
        *(json_format.MessageToDict(resource.request.object) for resource in graph.resources),
        *graph.sealed.values(),
    ]
