"""What the services of the tests' application share: who they are, and how they call each other."""

import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue, Struct
from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient

VERSION = Path("/version").read_text().strip()
VISIT = "/tests.Service/Visit"

GrpcInstrumentorClient().instrument()
_CALLEES = [
    grpc.insecure_channel(address).unary_unary(VISIT, Struct.SerializeToString, ListValue.FromString)
    for name, address in os.environ.items()
    if name.startswith("CALLS_")
]


def visit(session: str, received: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the hop of this service, and those of the services that it calls."""
    own = {
        "workload": os.environ["WORKLOAD"],
        "version": VERSION,
        "peer": received.get("x-forwarded-client-cert", ""),
        "baggage": received.get("baggage", ""),
    }
    request = Struct()
    request["session"] = session
    return [own, *(hop for callee in _CALLEES for hop in MessageToDict(callee(request, timeout=20)))]


def wait_for_end() -> None:
    """Return when the container shall end; the first process of a container has no default for the signal."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
