"""The configuration of the ingress: how people's requests come in, and what routes are written in."""

from typing import Annotated, Literal

from pydantic import Field

from boutique.settings.certificate_settings import CertificateSource
from boutique.settings.fields import Count, HostName, Port, Seconds, Section

RoutingApi = Literal["gateway-api", "virtual-service"]
GATEWAY_API: RoutingApi = "gateway-api"
VIRTUAL_SERVICE: RoutingApi = "virtual-service"


class Routing(Section):
    """What routes are written in, for the whole cluster: the two must not meet on one host."""

    api: RoutingApi = GATEWAY_API
    """`gateway-api`: HTTPRoutes, which many may own side by side; `virtual-service`: Istio's own VirtualServices."""


class ClusterLoadBalancer(Section):
    """Whatever the cluster gives to a Service of type LoadBalancer."""

    kind: Literal["cluster"]
    annotations: dict[str, str] = Field(default_factory=dict)
    """Of the Service; what they mean is up to the cluster."""


class NetworkLoadBalancer(Section):
    """AWS' Network Load Balancer, made by the AWS Load Balancer Controller, with the pods as its targets."""

    kind: Literal["nlb"]
    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    """Who can reach it; cannot be changed once it is there."""
    class_name: str = "service.k8s.aws/nlb"
    """The controller that makes it; `eks.amazonaws.com/nlb` with EKS Auto Mode. Cannot be changed once it is there."""
    proxy_protocol: bool = False
    """True tells the gateway the addresses of clients, by the PROXY protocol; while this changes, connections fail."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Of the Service, beside or instead of the ones that follow from the rest."""


class NoLoadBalancer(Section):
    """The gateway has an address inside the cluster only, for `kubectl port-forward` or a balancer of your own."""

    kind: Literal["none"]


LoadBalancer = Annotated[ClusterLoadBalancer | NetworkLoadBalancer | NoLoadBalancer, Field(discriminator="kind")]


class IngressSettings(Section):
    """The gateway in front of all targets: HTTPS for each target's host and the names under it."""

    certificate: CertificateSource
    """Where the certificate comes from; valid for each target's host and, by a wildcard, for the names under it."""
    domain: HostName | None = None
    """Hosts of targets are `<target>.<domain>`, unless a target names its own."""
    port: Port = 443
    """The port of links and redirects; another one only if something in front of the load balancer changes it."""
    replicas: Count = 2
    """The least replicas of the gateway; from two on with a PodDisruptionBudget, spread over nodes and zones."""
    max_replicas: Count = 5
    """The most replicas that it is scaled to under load."""
    load_balancer: LoadBalancer = ClusterLoadBalancer(kind="cluster")
    """What is in front of the gateway."""
    min_ready_seconds: Seconds = 10
    """How long a new pod has to be ready before an old one goes."""
    pre_stop_seconds: Seconds = 30
    """How long a pod that is being deleted still takes new connections: as long as a load balancer may send some."""
    drain_seconds: Seconds = 60
    """How long after that it serves the connections it has, asking their clients to open new ones elsewhere."""
