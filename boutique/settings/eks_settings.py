"""The configuration of a cluster on Amazon EKS; nothing secret."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from boutique.settings.eks_versions import DEFAULT_VERSION, AddonName
from boutique.settings.fields import (
    AccountId,
    AddonVersion,
    Cidr,
    Count,
    ExactVersion,
    HttpsAddress,
    InstanceType,
    KubernetesVersion,
    Number,
    Region,
    RoleArn,
    Section,
    SubnetId,
    VpcId,
    ZoneLetter,
)
from boutique.settings.mesh_settings import ChartFolder, ChartRepository

LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]


class NewNetwork(Section):
    """A VPC of the cluster's own: in each zone a private subnet for nodes and a public one for load balancers."""

    kind: Literal["new"]
    cidr: Cidr = IPv4Network("10.0.0.0/16")
    """Its addresses; pods have addresses of it too."""
    zones: Annotated[tuple[ZoneLetter, ...], Field(strict=False)] = ("a", "b", "c")
    """The letters of its availability zones; some regions lack a letter for some accounts."""
    nat: Literal["perZone", "single"] = "perZone"
    """`single` costs less, and without its zone no node reaches the internet."""
    avoid: Annotated[tuple[Cidr, ...], Field(strict=False)] = ()
    """Networks that the VPC is to be connected with, so that it must not have addresses of theirs."""


class ExistingNetwork(Section):
    """A VPC that is there, with subnets in two zones or more."""

    kind: Literal["existing"]
    vpc: VpcId
    """The VPC."""
    private_subnets: Annotated[tuple[SubnetId, ...], Field(strict=False)]
    """For nodes, one in each zone, tagged `kubernetes.io/role/internal-elb: 1`; they need a way out, such as a NAT."""
    public_subnets: Annotated[tuple[SubnetId, ...], Field(strict=False)] = ()
    """For load balancers that the internet reaches, one in each zone, tagged `kubernetes.io/role/elb: 1`."""


Network = Annotated[NewNetwork | ExistingNetwork, Field(discriminator="kind")]


class Nodes(Section):
    """The machines that pods run on: one managed node group in the private subnets, for amd64."""

    types: Annotated[tuple[InstanceType, ...], Field(strict=False)] = ("m6i.xlarge",)
    """Instance types for amd64, the preferred one first."""
    min: Count = 3
    """The least nodes."""
    desired: Count = 3
    """How many there are; nothing else changes their number."""
    max: Count = 6
    """The most nodes."""
    disk_gib: Annotated[Number, Field(ge=20, le=16384)] = 50
    """The encrypted disk of each, in GiB."""


class ControllerRepository(ChartRepository):
    """A Helm repository."""

    url: HttpsAddress = "https://aws.github.io/eks-charts"
    """Its address; the default is where AWS publishes."""


class LoadBalancerControllerSettings(Section):
    """The AWS Load Balancer Controller, which makes Network Load Balancers."""

    version: ExactVersion = "3.6.0"
    """The exact version of its chart; a chart in a folder is taken as it is."""
    charts: Annotated[ControllerRepository | ChartFolder, Field(discriminator="kind")] = ControllerRepository(
        kind="repository"
    )
    """Where its chart comes from."""
    replicas: Count = 2
    """One of them works; the others take over."""


class EksCluster(Section):
    """A cluster of this stack's own on Amazon EKS."""

    kind: Literal["eks"]
    region: Region | None = None
    """Where it is; `aws:region` of the stack's configuration if not given."""
    account: AccountId | None = None
    """The only account that it may be made in: credentials of another one are refused."""
    version: KubernetesVersion = DEFAULT_VERSION
    """Of Kubernetes; goes up one minor version at a time, and never down."""
    support: Literal["standard", "extended"] = "standard"
    """`extended`: keep a version for a year longer, for money; else AWS moves the cluster to the next one."""
    network: Network = NewNetwork(kind="new")
    """Where its nodes are."""
    service_cidr: Cidr = IPv4Network("172.20.0.0/16")
    """Addresses of Services; they exist inside the cluster only, and cannot be changed."""
    public_cidrs: Annotated[tuple[Cidr, ...], Field(strict=False)] = ()
    """Networks of the internet that reach the API server; without any only the VPC does, so Pulumi has to run there."""
    admins: Annotated[tuple[RoleArn, ...], Field(strict=False)] = ()
    """IAM roles that may do anything in the cluster; not the one that makes it, which EKS lets in by itself, once."""
    nodes: Nodes = Nodes()
    """What pods run on."""
    logs: Annotated[tuple[LogType, ...], Field(strict=False)] = ("api", "audit", "authenticator")
    """What the control plane logs to CloudWatch."""
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 30
    """How many days CloudWatch keeps it."""
    protect: bool = True
    """Refuse to delete or replace the cluster, by Pulumi and by AWS, until this is false."""
    addons: dict[AddonName, AddonVersion] = Field(default_factory=dict)
    """Versions of add-ons, instead of those that go with the version of Kubernetes."""
    load_balancer_controller: LoadBalancerControllerSettings = LoadBalancerControllerSettings()
    """What makes load balancers."""
