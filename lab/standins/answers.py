"""The bodies of requests and answers between stand-ins: values, and the hops of the request so far.

Bodies are JSON: what has to be real on the wire is everything around them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.standins.headers import Received
from support.hops import Hop

Values = dict[str, object]


class CallError(Exception):
    """A request was not answered as it should have been.

    Attributes:
        status: The gRPC status that says so, by name.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Pod:
    """The pod that answers, and the image that its stand-in takes the place of."""

    workload: str
    version: str
    pod: str
    image: str = ""


def own_hop(pod: Pod, call: str, request: Received) -> Hop:
    """The hop of a request that a pod received, as it sees it."""
    return Hop(
        caller=None,
        workload=pod.workload,
        version=pod.version,
        pod=pod.pod,
        call=call,
        baggage=request.baggage,
        traceparent=request.traceparent,
        identity=request.caller,
    )


@dataclass(frozen=True, kw_only=True)
class StandinAnswer:
    """The answer of a callee: new values, and its own hop followed by those of its calls."""

    values: Mapping[str, object] = field(default_factory=dict)
    hops: Sequence[Hop]

    def encode(self) -> bytes:
        """The body of the answer."""
        return json.dumps({"values": self.values, "hops": [vars(hop) for hop in self.hops]}).encode()


def read_answer(body: bytes) -> StandinAnswer:
    """Read the body of an answer.

    Raises:
        CallError: No stand-in answers like this.
    """
    try:
        content = json.loads(body)
        return StandinAnswer(values=dict(content["values"]), hops=[Hop(**hop) for hop in content["hops"]])
    except (ValueError, TypeError, KeyError) as error:
        raise CallError("INTERNAL", "the answer is not a stand-in's") from error


def read_values(body: bytes) -> Values:
    """Read the values that a request brings; what is not a JSON object brings none."""
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
