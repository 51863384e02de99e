"""The hops of a request through an application, as the workloads of the lab report them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A hop of a request: an edge of the call graph, and the headers that arrived at its end.

    Attributes:
        caller: The workload that called; None at the first hop.
        workload: The callee, by its own answer, or by the name that was dialled if it did not answer.
        version: Of the workload.
        pod: The name of the pod.
        call: The gRPC method, the HTTP request, or the store's command.
        baggage: As it arrived.
        traceparent: As it arrived.
        identity: Of the caller, as the mesh certifies it.
        status: `OK`, or the gRPC status.
    """

    caller: str | None
    workload: str
    version: str | None = None
    pod: str | None = None
    call: str
    baggage: str | None = None
    traceparent: str | None = None
    identity: str | None = None
    status: str = "OK"
