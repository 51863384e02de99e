"""The calls between services, and which of them carried the key of the audit's feature."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from boutique.application.workload import Workload
from boutique.names.feature_names import object_name
from boutique.routing import route_table
from ops.audit.proxy_counters import WorkloadRequests

NO_REQUESTS = WorkloadRequests()


class EdgeState(StrEnum):
    """Whether calls over an edge carry the key."""

    CARRIED = "carried"
    """The callee of the feature answered all of them."""
    LOST = "lost"
    """The callee of the environment got some, or all of them."""
    NOT_EXERCISED = "not exercised"
    """There was no call."""


@dataclass(frozen=True, kw_only=True)
class CallEdge:
    """The calls of one service by another that the feature's pods made.

    Attributes:
        caller: The service that called; None for the gateway.
        callee: The service that was called.
        carried: How many calls reached the pods of the feature.
        lost: How many reached those of the environment.
        is_declared: Whether the application says that there are such calls.
        is_known_to_lose: Whether the application says that they lose the key.
        is_caller_reached: Whether a request reached the caller's pods of the feature.
    """

    caller: str | None
    callee: str
    carried: int
    lost: int
    is_declared: bool = True
    is_known_to_lose: bool = False
    is_caller_reached: bool = True

    @property
    def state(self) -> EdgeState:
        """Whether the calls carry the key."""
        if self.lost:
            return EdgeState.LOST
        return EdgeState.CARRIED if self.carried else EdgeState.NOT_EXERCISED

    def __str__(self) -> str:
        return f"{self.caller or 'gateway'} -> {self.callee}"


def call_edges(
    workloads: Sequence[Workload], entry: str, key: str, requests: Mapping[str, WorkloadRequests]
) -> tuple[CallEdge, ...]:
    """Return the edges between the workloads that the audit deployed: the gateway's first, then by caller and callee.

    Args:
        workloads: Those that the audit deployed.
        entry: The name of the one that the gateway calls.
        key: The key of the audit's feature.
        requests: The requests of the feature's pods, by the name of the workload.
    """
    of_entry = requests.get(entry, NO_REQUESTS)
    # Envoy forgets an endpoint of its own pod some seconds after the last request.
    gateway = CallEdge(caller=None, callee=entry, carried=of_entry.received or int(bool(of_entry.sent)), lost=0)
    edges = [edge for caller in workloads for edge in _calls(caller, workloads, key, requests)]
    reached = {edge.callee for edge in (gateway, *edges) if edge.carried}
    return (
        gateway,
        *(
            replace(edge, is_caller_reached=edge.caller in reached)
            for edge in sorted(edges, key=lambda edge: (str(edge.caller), edge.callee))
        ),
    )


def _calls(
    caller: Workload, workloads: Sequence[Workload], key: str, requests: Mapping[str, WorkloadRequests]
) -> Iterator[CallEdge]:
    own = requests.get(caller.name, NO_REQUESTS)
    declared = set(caller.callees)
    for callee in (workload.name for workload in workloads):
        carried, lost = own.sent.get(object_name(callee, key), 0), own.sent.get(callee, 0)
        if callee in declared or carried or lost:
            yield CallEdge(
                caller=caller.name,
                callee=callee,
                carried=carried,
                lost=lost,
                is_declared=callee in declared,
                is_known_to_lose=callee in caller.loses_baggage_to,
            )


def audited_workloads(workloads: Sequence[Workload], running: Mapping[str, object]) -> tuple[Workload, ...]:
    """Return the workloads that can be part of a feature and that the environment runs."""
    routable = {service.service for service in route_table.services(workloads)}
    audited = routable & running.keys()
    return tuple(workload for workload in workloads if workload.name in audited and not workload.stateful)
