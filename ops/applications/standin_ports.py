"""The ports of a workload's stand-in: each port of the container, and each that only a probe asks."""

from collections.abc import Iterator

from boutique.application.container import Probe, WorkloadPort
from boutique.application.workload import Workload
from lab.standins.behaviour import ServedPort
from support.port_protocols import is_tls, port_protocol


def served_ports(workload: Workload) -> tuple[ServedPort, ...]:
    """Return the ports of a workload with their protocols, each once."""
    ports: dict[tuple[int, bool], ServedPort] = {}
    for port in (*(serve_port(workload, port) for port in workload.ports), *_probed_ports(workload)):
        ports.setdefault((port.number, port.protocol == "udp"), port)
    return tuple(ports.values())


def serve_port(workload: Workload, port: WorkloadPort) -> ServedPort:
    """Return a port of a workload with its protocol."""
    probes = [probe for probe in _probes(workload) if probe.port in (port.container_port, port.container_port_name)]
    protocol = port_protocol(
        name=port.name,
        number=port.container_port,
        app_protocol=port.app_protocol,
        transport=port.protocol,
        probes=[kind for probe in probes if (kind := _kind(probe)) in ("http", "grpc")],
    )
    tls = is_tls(port.name, port.app_protocol) or any(map(_asks_by_tls, probes))
    return ServedPort(number=port.container_port, protocol=protocol, tls=tls)


def _probed_ports(workload: Workload) -> Iterator[ServedPort]:
    """Return what probes ask by number: such a port need not be among the declared ones."""
    for probe in _probes(workload):
        if isinstance(probe.port, int):
            kind = _kind(probe)
            protocol = port_protocol(name=kind, number=probe.port)
            yield ServedPort(number=probe.port, protocol=protocol, tls=_asks_by_tls(probe))


def _probes(workload: Workload) -> list[Probe]:
    probes = (workload.readiness_probe, workload.liveness_probe, workload.startup_probe)
    return [probe for probe in probes if probe]


def _kind(probe: Probe) -> str:
    return "http" if probe.http_get else "grpc" if probe.grpc else "tcp"


def _asks_by_tls(probe: Probe) -> bool:
    return probe.http_get is not None and probe.http_get.scheme == "HTTPS"
