"""The calls of a workload's stand-in: each port of another workload that it calls, once and in order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from boutique.application.application import Application
from boutique.application.container import WorkloadPort, called_ports
from boutique.application.workload import Workload
from lab.standins.standin_call import StandinCall
from ops.applications.standin_ports import serve_port


def standin_calls(workload: Workload, application: Application, methods: Mapping[str, str]) -> tuple[StandinCall, ...]:
    """Return the calls of a workload for one request.

    Args:
        workload: The caller.
        application: Its application.
        methods: A gRPC method of each workload that does not answer every method.
    """
    calls: dict[tuple[str, int], StandinCall] = {}
    for variable, name, number in _addresses(workload):
        callee = application.workloads_by_name[name]
        port = next((port for port in callee.service_ports if number in (None, port.port)), callee.service_ports[0])
        if call := _call(workload, callee, port, variable, methods):
            calls.setdefault((name, call.port or 0), call)
    return tuple(calls.values())


def _addresses(workload: Workload) -> Iterator[tuple[str | None, str, int | None]]:
    """Return the variable, the callee and the port of each address that a workload knows."""
    yield from called_ports(workload.calls)
    yield from ((None, name, None) for name in workload.calls_by_name)


def _call(
    workload: Workload, callee: Workload, port: WorkloadPort, variable: str | None, methods: Mapping[str, str]
) -> StandinCall | None:
    """Return a call in the protocol of a port; None for datagrams, which nothing answers for sure."""
    served = serve_port(callee, port)
    form = workload.calls[variable] if variable else None
    carries = callee.name not in workload.loses_baggage_to
    call = StandinCall(
        variable=variable,
        form=form,
        callee=callee.name,
        port=port.port,
        tls=served.tls,
        baggage=carries,
        trace=carries,
        optional=callee.optional,
    )
    match served.protocol:
        case "grpc":
            return replace(call, method=methods.get(callee.name, f"/{callee.name}/Call"))
        case "http":
            return replace(call, path=_path(form, callee.name), verb="GET")
        case "redis":
            return replace(call, command=("PING",))
        case "tcp":
            return replace(call, line=f"from {workload.name}")
    return None


def _path(form: str | None, callee: str) -> str:
    """Return the path of the address in which a form has a callee, such as `/x` of `http://{callee}:9080/x`."""
    match = re.search(rf"\{{{re.escape(callee)}\}}(?::[^/\s,;]*)?(/[^\s,;?#]*)", form or "")
    return match[1] if match else "/"
