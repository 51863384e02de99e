"""The parts of a container: its ports, probes and variables."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from boutique.settings.fields import (
    DnsLabel,
    ImageReference,
    Number,
    PortName,
    PortNumber,
    PortReference,
    Section,
    VariableName,
)

_CALLEE = re.compile(r"\{([^{}]*)\}(?::([0-9]+))?")


class WorkloadPort(Section):
    """A port that others call, or that only the container has."""

    name: PortName
    """Its name in the Service, from which Istio reads the protocol: `http`, `grpc`, `tcp-redis`, …"""
    port: PortNumber | None = None
    """The port of the Service; without it the Service does not have it."""
    target_port: PortNumber | None = None
    """What the container listens on; the Service's port if not given."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """The protocol below."""
    app_protocol: str | None = None
    """The protocol above, where the name does not tell it: `http`, `grpc`, …, or `kubernetes.io/h2c`."""
    container_port_name: PortName | None = None
    """The name of the container's port, which probes may use."""

    @model_validator(mode="after")
    def _has_a_number(self) -> Self:
        if self.port is None and self.target_port is None:
            raise ValueError("must have a port, a targetPort or both")
        return self

    @property
    def container_port(self) -> int:
        """What the container listens on."""
        return self.target_port or self.port or 0


class HttpHeader(Section):
    """A header of a probe's request."""

    name: str
    """Its name."""
    value: str
    """Its value."""


class HttpGet(Section):
    """A probe by HTTP."""

    path: str = "/"
    """The path of the request."""
    port: PortReference
    """The container's port, or its name."""
    scheme: Literal["HTTP", "HTTPS"] | None = None
    """`HTTP` if not given."""
    http_headers: Annotated[tuple[HttpHeader, ...], Field(strict=False)] = ()
    """Headers of the request."""


class GrpcCheck(Section):
    """A probe by gRPC's health protocol."""

    port: PortNumber
    """The container's port."""
    service: str | None = None
    """The service that is asked for."""


class TcpSocket(Section):
    """A probe by a connection."""

    port: PortReference
    """The container's port, or its name."""


class ExecAction(Section):
    """A probe by a command in the container."""

    command: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """The command with its arguments."""


class Probe(Section):
    """A question that the kubelet asks a container; times that are not given are Kubernetes' defaults."""

    http_get: HttpGet | None = None
    """By HTTP."""
    grpc: GrpcCheck | None = None
    """By gRPC."""
    tcp_socket: TcpSocket | None = None
    """By a connection."""
    exec: ExecAction | None = None
    """By a command."""
    initial_delay_seconds: Annotated[Number, Field(ge=0)] | None = None
    """Seconds before the first question."""
    period_seconds: Annotated[Number, Field(ge=1)] | None = None
    """Seconds between two questions."""
    timeout_seconds: Annotated[Number, Field(ge=1)] | None = None
    """Seconds that an answer may take."""
    success_threshold: Annotated[Number, Field(ge=1)] | None = None
    """Good answers in a row until it passes."""
    failure_threshold: Annotated[Number, Field(ge=1)] | None = None
    """Bad answers in a row until it fails."""
    termination_grace_period_seconds: Annotated[Number, Field(ge=1)] | None = None
    """Seconds to end when it fails; the pod's if not given."""

    @model_validator(mode="after")
    def _asks_in_one_way(self) -> Self:
        if sum(way is not None for way in (self.http_get, self.grpc, self.tcp_socket, self.exec)) != 1:
            raise ValueError("must have one of httpGet, grpc, tcpSocket and exec")
        return self

    @property
    def port(self) -> int | str | None:
        """The port that is asked, or its name; None for a command."""
        asked = self.http_get or self.grpc or self.tcp_socket
        return asked.port if asked else None


class Variable(Section):
    """The value of an environment variable, or where Kubernetes takes it from; a text alone is short for `value`."""

    value: str | None = None
    """The text; `$(NAME)` stands for another variable."""
    field_ref: dict[str, Any] | None = None
    """A field of the pod."""
    resource_field_ref: dict[str, Any] | None = None
    """A resource of the container."""
    config_map_key_ref: dict[str, Any] | None = None
    """A key of a ConfigMap in the namespace."""
    secret_key_ref: dict[str, Any] | None = None
    """A key of a Secret in the namespace."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("must have one of value, fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef")
        return self

    @property
    def source(self) -> dict[str, Any]:
        """The variable's `valueFrom`; empty for a plain text."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"value"})


def _variable(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


Variables = dict[VariableName, Annotated[Variable, BeforeValidator(_variable, json_schema_input_type=str | Variable)]]


class InitContainer(Section):
    """A container that has to succeed before the workload's own starts."""

    name: DnsLabel
    """Its name."""
    image: ImageReference
    """Its image."""
    command: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """In place of the image's entrypoint."""
    args: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The arguments, in place of the image's command."""
    env: Variables = Field(default_factory=dict)
    """Environment variables, as those of the workload."""
    calls: dict[VariableName, str] = Field(default_factory=dict)
    """Environment variables with addresses of workloads, as those of the workload."""
    container: dict[str, Any] = Field(default_factory=dict)
    """Any further fields of the container, merged last."""

    def addresses(self) -> dict[str, str]:
        """Return the environment variables with addresses of workloads."""
        return called_variables(self.calls, {})


def plain_variables(variables: Variables) -> dict[str, str]:
    """Return the variables that are plain texts."""
    return {name: variable.value for name, variable in variables.items() if variable.value is not None}


def called_workloads(calls: Mapping[str, str]) -> Iterable[str]:
    """Return the names in braces of variables with addresses, in order."""
    return (match[1] for value in calls.values() for match in _CALLEE.finditer(value))


def called_ports(calls: Mapping[str, str]) -> Iterable[tuple[str, str, int | None]]:
    """Return the variable, the workload and the port of each address; None where it names no port."""
    for variable, value in calls.items():
        for match in _CALLEE.finditer(value):
            yield variable, match[1], int(match[2]) if match[2] else None


def called_variables(calls: Mapping[str, str], services: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the addresses of Services: that of each workload, or the one that `services` names."""
    return {
        variable: _CALLEE.sub(
            lambda match: match[0].replace(f"{{{match[1]}}}", services.get(match[1], match[1])), value
        )
        for variable, value in calls.items()
    }
