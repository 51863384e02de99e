"""The redirection of a pod's traffic, as istio-init makes it.

Upstream: https://github.com/istio/istio, tools/istio-iptables/pkg/capture/run.go. Istio excludes the connections of its
proxy by its user. A lab has one user only, so the proxy marks them: see lab.nodeagent.proxy_bootstrap.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lab.kubernetes.controlplane import API_PORT
from lab.nodeagent.capture_settings import CaptureSettings
from lab.nodeagent.commands import ISTIOD_PORT
from lab.nodeagent.nft_table import RedirectionRule
from lab.supervision import network

_OUTBOUND = 15001
_INBOUND = 15006
_TUNNEL = 15008
_FROM_INBOUND = "127.0.0.6"
"""The address from which the proxy passes on to the app what has arrived for it."""

KubernetesObject = Mapping[str, Any]

_SERVICE = "kubernetes.io/service-name"


def capture(settings: CaptureSettings | None) -> tuple[RedirectionRule, ...]:
    """Return the rules that stay the same for a pod's whole life.

    Args:
        settings: What the proxy captures; None if the pod's traffic is not redirected.
    """
    api = RedirectionRule("out", network.KUBERNETES_SERVICE, 443, API_PORT, network.LAB_ADDRESS)
    return (api,) if settings is None else (api, *_outbound(settings), *_inbound(settings))


def _outbound(settings: CaptureSettings) -> Iterable[RedirectionRule]:
    yield from (RedirectionRule("out", port=port) for port in settings.excluded_outbound_ports)
    yield RedirectionRule("out", network.LOOPBACK)
    yield RedirectionRule("out", source=_FROM_INBOUND, loopback=True)
    yield RedirectionRule("out", port=_TUNNEL, loopback=True)
    # The pod calls its own Service: its proxy is the caller's and the callee's.
    yield RedirectionRule("out", loopback=True, from_proxy=True, to_port=_INBOUND)
    yield RedirectionRule("out", loopback=True)
    yield RedirectionRule("out", from_proxy=True)
    # istiod, DNS and the API server, to which Istio's agent speaks for itself.
    yield RedirectionRule("out", network.LAB_ADDRESS)
    yield from (RedirectionRule("out", text) for text in settings.excluded_outbound_ranges)
    yield from (RedirectionRule("out", port=port, to_port=_OUTBOUND) for port in settings.outbound_ports)
    ranges = (network.SERVICES, network.PODS) if settings.outbound_ranges is None else settings.outbound_ranges
    yield from (RedirectionRule("out", text, to_port=_OUTBOUND) for text in ranges)


def _inbound(settings: CaptureSettings) -> Iterable[RedirectionRule]:
    yield RedirectionRule("in", port=_TUNNEL)
    if settings.inbound_ports is None:
        yield from (RedirectionRule("in", port=port) for port in settings.excluded_inbound_ports)
        yield RedirectionRule("in", to_port=_INBOUND)
    else:
        yield from (RedirectionRule("in", port=port, to_port=_INBOUND) for port in settings.inbound_ports)


def discovery(istiod: str) -> tuple[RedirectionRule, ...]:
    """Return the rules that lead to istiod; empty without an istiod, so that connections to it are refused."""
    return (RedirectionRule("out", network.LAB_ADDRESS, ISTIOD_PORT, ISTIOD_PORT, istiod),) if istiod else ()


def to_services(
    services: Iterable[Mapping[str, Any]], slices: Iterable[Mapping[str, Any]]
) -> tuple[RedirectionRule, ...]:
    """Return the rules by which a pod without a proxy reaches Services, as kube-proxy's: each endpoint as often.

    Args:
        services: The Services.
        slices: The EndpointSlices.
    """
    endpoints: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for endpoint_slice in slices:
        metadata = endpoint_slice["metadata"]
        service = (metadata.get("labels") or {}).get(_SERVICE, "")
        addresses = _ready_addresses(endpoint_slice)
        for port in endpoint_slice.get("ports") or []:
            key = (metadata["namespace"], service, port.get("name") or "")
            endpoints.setdefault(key, []).extend((address, port["port"]) for address in addresses)
    rules: list[RedirectionRule] = []
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        address = spec.get("clusterIP") or "None"
        if address in ("None", network.KUBERNETES_SERVICE):
            continue
        for port in spec.get("ports", []):
            if port.get("protocol", "TCP") == "TCP":
                key = (metadata["namespace"], metadata["name"], port.get("name") or "")
                rules += _share(address, port["port"], sorted(set(endpoints.get(key, []))))
    return tuple(rules)


def _share(address: str, port: int, targets: Sequence[tuple[str, int]]) -> Iterable[RedirectionRule]:
    """Return the rules that share connections out among endpoints: the first takes one in n of them, and so on."""
    for index, (target, number) in enumerate(targets):
        yield RedirectionRule("out", address, port, number, target, one_in=len(targets) - index)


def _ready_addresses(endpoint_slice: Mapping[str, Any]) -> list[str]:
    if endpoint_slice.get("addressType") != "IPv4":
        return []
    return [
        address
        for endpoint in endpoint_slice.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint["addresses"]
    ]
