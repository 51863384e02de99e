"""The vocabulary of the catalogue: the settings of one workload of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_GRACE_SECONDS = 30
"""What Kubernetes gives a pod to end by itself by default (PodSpec.terminationGracePeriodSeconds)."""


class ProbeKind(StrEnum):
    """How a container is asked whether it works."""

    GRPC = "grpc"
    HTTP = "http"
    TCP = "tcp"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A readiness or liveness probe of the container's port; what is None is left to Kubernetes' defaults."""

    kind: ProbeKind
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    initial_delay_seconds: int | None = None
    period_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Resources:
    """CPU and memory as Kubernetes quantities, such as `100m` and `64Mi`."""

    cpu: str
    memory: str


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """The port other workloads call; the protocol is read from the name's first part by Istio."""

    name: str
    number: int


@dataclass(frozen=True, kw_only=True)
class InitContainer:
    """A container that has to succeed before the workload's own starts."""

    name: str
    image: str
    command: tuple[str, ...]
    calls: Mapping[str, "Workload"] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One Deployment of the application and, when others call it, the Service in front of it.

    Attributes:
        name: Of the Deployment, the Service, the ServiceAccount and the label `app`.
        image: Reference with registry and tag or digest.
        shared_image_settings: Whether a registry and a tag that are set for all services apply to this one: not to
            what others publish.
        container: The name of the container.
        port: What the container listens on; None for a workload that is not called.
        port_name: Of the container's port, where it has one.
        service: The port of its Service; None for a workload without one.
        external_service: The name of the LoadBalancer Service that can be switched on beside the normal one.
        variables: Environment variables with their values.
        calls: Environment variables that hold the address of another workload.
        drops_baggage: Those of them over which the published image does not hand `baggage` on.
        grace_seconds: What the image needs to end; None leaves it to Kubernetes.
        annotations: Of the pod.
        scratch: Volume names and mount paths of emptyDir volumes.
        marker: The environment variable with a text that people then see on every page.
        store: Whether it keeps state, so that two of it at once would split the data.
        optional: Whether an environment may leave it out.
    """

    name: str
    image: str
    shared_image_settings: bool = True
    container: str = "server"
    port: int | None = None
    port_name: str | None = None
    service: ServicePort | None = None
    external_service: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, "Workload"] = field(default_factory=dict)
    drops_baggage: tuple[str, ...] = ()
    readiness: Probe | None = None
    liveness: Probe | None = None
    requests: Resources
    limits: Resources
    grace_seconds: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    init: InitContainer | None = None
    scratch: Mapping[str, str] = field(default_factory=dict)
    marker: str | None = None
    store: bool = False
    optional: bool = False

    @property
    def address(self) -> str:
        """`name:port` of the Service, as other workloads in the same namespace dial it."""
        return self.address_of(self.name)

    def address_of(self, service: str) -> str:
        """Return the same for another Service in front of it, such as a feature's."""
        if self.service is None:
            raise ValueError(f"{self.name} has no Service, so nothing can call it")
        return f"{service}:{self.service.number}"

    def drops_baggage_to(self, callee: str) -> bool:
        """Say whether the published image is known not to hand `baggage` on to a workload that it calls."""
        return any(self.calls[variable].name == callee for variable in self.drops_baggage)
