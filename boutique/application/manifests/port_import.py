"""The ports of a workload, from its containers and its Service."""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from boutique.application.manifests.import_context import ImportContext
from boutique.application.manifests.probe_import import PROBES
from support.port_protocols import is_known_to_istio

_LONGEST = 15


def take_ports(
    container: MutableMapping[str, Any], context: ImportContext, spoken: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return the `ports` of a workload, those of its Service first.

    Args:
        container: Its main container.
        context: The workload.
        spoken: The protocol above, by port of the Service, as far as others tell it: an Ingress, a caller's URL.
    """
    own = [port for port in container.pop("ports", None) or [] if isinstance(port, Mapping)]
    service = context.pair.service
    probed = _probed(container, own)
    ports: list[dict[str, Any]] = []
    for port in (service.spec.get("ports") or []) if service else []:
        number = target_port(port, own)
        if number is None:
            context.leave_out(
                f"port {port.get('port')}", f"no container has a port called {port.get('targetPort')!r}; name it"
            )
            continue
        protocol = spoken.get(port.get("port", 0)) or probed.get(number)
        ports.append(_service_port(port, number, own, protocol, context))
    served = {(port.get("targetPort") or port["port"], port.get("protocol", "TCP")) for port in ports}
    for port in own:
        number = port.get("containerPort")
        if (number, port.get("protocol", "TCP")) in served:
            continue
        name = _unused(str(port.get("name") or f"port-{number}")[:_LONGEST].strip("-"), ports)
        transport = {"protocol": port["protocol"]} if port.get("protocol", "TCP") != "TCP" else {}
        named = {"containerPortName": port["name"]} if port.get("name") else {}
        ports.append({"name": name, "targetPort": number, **transport, **named})
    return ports


def target_port(port: Mapping[str, Any], own: Iterable[Mapping[str, Any]]) -> int | None:
    """Return the container's port behind one of a Service; None if no container has one of that name."""
    target = port.get("targetPort") or port.get("port")
    if isinstance(target, int):
        return target
    number = next((each.get("containerPort") for each in own if each.get("name") == target), None)
    if isinstance(number, int):
        return number
    return int(str(target)) if str(target).isdecimal() else None


def _service_port(
    port: Mapping[str, Any],
    number: int,
    own: Iterable[Mapping[str, Any]],
    spoken: str | None,
    context: ImportContext,
) -> dict[str, Any]:
    given = port.get("name")
    protocol = port.get("protocol", "TCP")
    container_name = next((each.get("name") for each in own if each.get("containerPort") == number), None)
    name = str(given or _named_by(container_name) or spoken or f"port-{port.get('port')}")
    if len(name) > _LONGEST:
        name = name[:_LONGEST].strip("-")
        context.note(f"the port {given!r} is called {name!r}: at most {_LONGEST} characters")
    application = port.get("appProtocol")
    if not application and spoken and not _named_by(name):
        application = spoken
    if not application and not _named_by(name) and protocol == "TCP":
        context.note(
            f"the name of the port {name!r} does not tell its protocol; if that is HTTP or gRPC, set its appProtocol: "
            "features can follow only those"
        )
    if port.get("nodePort"):
        context.leave_out(f"port {port.get('port')}: nodePort", "others come through the Gateway")
    return {
        "name": name,
        "port": port.get("port"),
        **({"targetPort": number} if number != port.get("port") else {}),
        **({"protocol": protocol} if protocol != "TCP" else {}),
        **({"appProtocol": application} if application else {}),
        **({"containerPortName": container_name} if container_name else {}),
    }


def _named_by(name: str | None) -> str | None:
    """Return a name from which Istio reads a protocol; None for another one."""
    if not name:
        return None
    return name if is_known_to_istio(name, None) else None


def _probed(container: Mapping[str, Any], own: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Return the protocol above of each port that a probe asks."""
    names = {port["name"]: port.get("containerPort") for port in own if port.get("name")}
    spoken: dict[int, str] = {}
    for key in PROBES:
        probe = container.get(key) or {}
        for action, protocol in (("httpGet", "http"), ("grpc", "grpc")):
            asked = probe.get(action) or {}
            number = names.get(asked.get("port"), asked.get("port"))
            if asked and isinstance(number, int) and asked.get("scheme") != "HTTPS":
                spoken[number] = protocol
    return spoken


def _unused(name: str, ports: Iterable[Mapping[str, Any]]) -> str:
    taken = {port["name"] for port in ports}
    candidates = [name, *(f"{name[: _LONGEST - 2]}-{number}" for number in range(2, 100))]
    return next(candidate for candidate in candidates if candidate not in taken)
