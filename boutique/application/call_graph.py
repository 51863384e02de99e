"""The call graph of an application, and which of its calls a feature can follow."""

from collections.abc import Iterator
from dataclasses import dataclass

from boutique.application.application import Application
from boutique.application.container import WorkloadPort, called_ports
from boutique.application.workload import Workload


@dataclass(frozen=True, kw_only=True)
class WorkloadCall:
    """A workload that calls another one."""

    caller: str
    callee: str
    port: WorkloadPort
    """The port of the callee's Service."""
    has_headers: bool
    """Whether the port's protocol has headers, by which calls of features differ."""
    carries_baggage: bool
    """Whether the caller hands on the header `baggage`."""

    @property
    def is_followed(self) -> bool:
        """Whether a request of a feature's tester reaches the feature's callee by this call."""
        return self.has_headers and self.carries_baggage


def workload_calls(application: Application) -> Iterator[WorkloadCall]:
    """Yield every call between workloads, with the port that it goes to."""
    for caller, callee in application.edges:
        for port in called_service_ports(caller, callee):
            yield WorkloadCall(
                caller=caller.name,
                callee=callee.name,
                port=port,
                has_headers=port.port in callee.ports_with_headers,
                carries_baggage=callee.name not in caller.loses_baggage_to,
            )


def reachable_features(application: Application) -> frozenset[str]:
    """Return the workloads whose features get requests: those on a path of followed calls from the entry."""
    edges = [edge for edge in workload_calls(application) if edge.is_followed]
    reached, new = {application.entry.workload}, {application.entry.workload}
    while new:
        new = {edge.callee for edge in edges if edge.caller in new} - reached
        reached |= new
    return frozenset(reached)


def called_service_ports(caller: Workload, callee: Workload) -> tuple[WorkloadPort, ...]:
    """Return the ports of a callee's Service that a caller may call.

    They are those that its addresses name, and all of them where an address names none or is in the caller's code: the
    port is then a default of the program, which no file tells.
    """
    calls = [caller.calls, *(container.calls for container in caller.init_containers)]
    numbers = {port for addresses in calls for _, name, port in called_ports(addresses) if name == callee.name}
    if None in numbers or callee.name in caller.calls_by_name:
        return callee.service_ports
    return tuple(port for port in callee.service_ports if port.port in numbers)
