"""The protocol of a port by its name or its appProtocol, as Istio reads them.

https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
"""

from collections.abc import Collection
from typing import Literal

PortProtocol = Literal["http", "grpc", "redis", "tcp", "udp"]
"""What a stand-in can speak: HTTP/1.1 and HTTP/2 on one port, gRPC, RESP, or any bytes."""

ISTIO_PROTOCOLS = ("http", "http2", "grpc", "grpc-web", "https", "tls", "tcp", "udp", "mongo", "mysql", "redis")
"""Those that Istio knows."""

APP_PROTOCOLS = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}
"""Further values of appProtocol that Istio knows, which Kubernetes defines; `wss` is TLS, which no proxy looks into:
https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol"""

_WITH_HEADERS = ("http", "http2", "grpc", "grpc-web")
_HTTP = ("http", "http2", "https", "grpc-web")
_TLS = ("https",)
_REDIS = ("redis", "valkey")
_REDIS_PORT = 6379
_STREAMS = ("tcp", "tls", "mongo", "mysql", "postgres", "postgresql", "amqp", "kafka", "nats", "mqtt")


def port_protocol(
    *,
    name: str = "",
    number: int = 0,
    app_protocol: str | None = None,
    transport: str = "TCP",
    probes: Collection[str] = (),
) -> PortProtocol:
    """Return the protocol of a port.

    Args:
        name: Of the port; its first word is the protocol.
        number: The container's port.
        app_protocol: Its appProtocol, which comes before the name.
        transport: `TCP`, `UDP` or `SCTP`.
        probes: The kinds of the probes that ask the port, `http` or `grpc`: they tell where nothing else does.
    """
    if transport != "TCP":
        return "udp"
    declared = declared_protocol(name, app_protocol)
    if declared == "grpc":
        return "grpc"
    if declared in _HTTP:
        return "http"
    if set(_REDIS) & {declared, *name.split("-")} or (number == _REDIS_PORT and not probes):
        return "redis"
    if declared in _STREAMS:
        return "tcp"
    return "grpc" if "grpc" in probes else "http"


def is_tls(name: str, app_protocol: str | None) -> bool:
    """Say whether the container itself speaks TLS on a port."""
    return declared_protocol(name, app_protocol) in _TLS


def has_headers(name: str, app_protocol: str | None, transport: str = "TCP") -> bool:
    """Say whether Istio reads headers on a port, by which it tells requests apart."""
    return transport == "TCP" and declared_protocol(name, app_protocol) in _WITH_HEADERS


def is_known_to_istio(name: str, app_protocol: str | None) -> bool:
    """Say whether Istio reads a protocol from the name of a port or its appProtocol."""
    return declared_protocol(name, app_protocol) in ISTIO_PROTOCOLS


def declared_protocol(name: str, app_protocol: str | None) -> str:
    """Return the word that Istio takes for the protocol, in lower case."""
    if app_protocol in APP_PROTOCOLS:
        return APP_PROTOCOLS[app_protocol]
    lower = (app_protocol or name).lower()
    return "grpc-web" if lower.startswith("grpc-web") else lower.split("-")[0]
