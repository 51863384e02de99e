"""Which of a pod's connections its proxy captures, as the arguments of Istio's init container say.

Arguments: https://github.com/istio/istio, tools/istio-iptables/pkg/cmd/root.go. Annotations of a pod set them, such as
`traffic.sidecar.istio.io/excludeOutboundPorts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_REDIRECTING = ("istio-init", "istio-validation")
"""The init container that makes the redirection, or with Istio's CNI plugin checks it; both have the same arguments."""

_ALL = "*"


@dataclass(frozen=True)
class CaptureSettings:
    """What the proxy captures; None stands for everything.

    Attributes:
        inbound_ports: The ports whose connections arrive at the proxy.
        excluded_inbound_ports: Those that do not.
        outbound_ranges: The ranges to which connections pass through the proxy.
        excluded_outbound_ranges: Those to which they do not.
        outbound_ports: The ports to which they do, to any address.
        excluded_outbound_ports: Those to which they do not.
    """

    inbound_ports: tuple[int, ...] | None = None
    excluded_inbound_ports: tuple[int, ...] = ()
    outbound_ranges: tuple[str, ...] | None = None
    excluded_outbound_ranges: tuple[str, ...] = ()
    outbound_ports: tuple[int, ...] = ()
    excluded_outbound_ports: tuple[int, ...] = ()


def is_redirecting(container: Mapping[str, Any]) -> bool:
    """Say whether an init container makes the redirection, which here the node agent does."""
    return container["name"] in _REDIRECTING


def capture_settings(pod: Mapping[str, Any]) -> CaptureSettings | None:
    """Return what a pod's proxy captures; None if no traffic of it is redirected: a gateway's is not."""
    for container in pod["spec"].get("initContainers", []):
        if is_redirecting(container):
            return _parse(container.get("args", []))
    return None


def _parse(arguments: list[str]) -> CaptureSettings:
    values = {flag: _items(value) for flag, value in pairwise(arguments)}

    def ports(flag: str) -> tuple[int, ...]:
        return tuple(sorted(int(port) for port in values.get(flag, []) if port != _ALL))

    def ranges(flag: str) -> tuple[str, ...]:
        # A pod has no IPv6 address here.
        return tuple(text for text in values.get(flag, []) if text != _ALL and ":" not in text)

    return CaptureSettings(
        inbound_ports=ports("-b") if _ALL not in values.get("-b", [_ALL]) else None,
        excluded_inbound_ports=ports("-d"),
        outbound_ranges=ranges("-i") if _ALL not in values.get("-i", [_ALL]) else None,
        excluded_outbound_ranges=ranges("-x"),
        outbound_ports=ports("-q"),
        excluded_outbound_ports=ports("-o"),
    )


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]
