"""The configuration of a stack as frozen models: one section per layer, nothing secret.

Keys are written in camel case in the stack files, as is usual for Pulumi. A section that is absent is a layer that the
stack does not build. The texts below the fields are the reference in `docs/configuration.md`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from boutique.settings.cluster_dns import ClusterDns
from boutique.settings.deployer_access_settings import DeployerAccess
from boutique.settings.eks_settings import EksCluster
from boutique.settings.feature_settings import Feature, Features
from boutique.settings.fields import (
    Count,
    Digest,
    DnsLabel,
    FileName,
    HostName,
    ImageReference,
    Names,
    Number,
    Repository,
    SecretKey,
    Section,
    Tag,
    VariableName,
    WorkloadName,
)
from boutique.settings.ingress_settings import IngressSettings, Routing
from boutique.settings.mesh_settings import MeshSettings
from boutique.settings.release_settings import Release
from boutique.settings.resource_settings import ContainerResources
from boutique.settings.rollout import Rollout
from boutique.settings.version_channel import Channel

Text = Annotated[str, Field(min_length=1)]
PodUser = Literal["fixed", "cluster"]


class ExistingCluster(Section):
    """An existing cluster, reached through a kubeconfig."""

    kind: Literal["existing"]
    context: Text
    """The kubeconfig's context; always named, so that it never is whichever happens to be current."""
    kubeconfig: Text | None = None
    """Path of the kubeconfig; otherwise `$KUBECONFIG`, otherwise `~/.kube/config`."""
    deployers: DeployerAccess = DeployerAccess()
    """How deployers reach the API server, whose kubeconfigs other stacks and CI get; as the admin does if not given."""


class StackCluster(Section):
    """One target on the cluster of another stack, with the rights of that target's deployer."""

    kind: Literal["stack"]
    name: Text
    """The stack that owns the cluster's platform, of the same project."""
    target: DnsLabel
    """One of that stack's `platform.targets`."""


Cluster = Annotated[ExistingCluster | StackCluster | EksCluster, Field(discriminator="kind")]


class TargetSettings(Section):
    """The target of one environment: a namespace, its limits, and who may deploy into it."""

    namespace: DnsLabel | None = None
    """Its namespace; the target's own name if not given."""
    host: HostName | None = None
    """Where people reach it, and previews under it; `<target>.<ingress.domain>` if not given."""
    replicas: Count = 2
    """Replicas of every service that the namespace's quota leaves room for, three times over."""
    application: Text | None = None
    """The application that runs there, if not that of the stack: a name in the folder `application`, or a path."""
    channel: Channel | None = None
    """Which versions of services may run there; `{}` for releases only, nothing given for all."""
    protect: bool = True
    """Refuse to delete or replace the namespace, and with it everything in it, until this is false."""


class Platform(Section):
    """What environments on one cluster share."""

    enabled: bool = True
    """False is as if the section were not there."""

    targets: Annotated[dict[DnsLabel, TargetSettings], Field(min_length=1)]
    """The places of environments, by name."""
    mesh: MeshSettings | None = None
    """Istio for all targets; without it none is installed, and no traffic is encrypted or checked."""
    ingress: IngressSettings | None = None
    """HTTPS for people, through a gateway of the mesh; without it there is no HTTPS."""
    routing: Routing = Routing()
    """What routes are written in."""
    namespace_deletion_seconds: Annotated[Number, Field(ge=1, le=3600)] = 300
    """How long to wait for the end of a namespace that is deleted; a broken APIService or a finalizer may keep it."""
    dns: ClusterDns = ClusterDns()
    """The cluster's DNS; the default fits GKE, EKS, AKS, kubeadm, k3s and OpenShift, with NodeLocal DNSCache too."""


class Images(Section):
    """Where the images of all services come from; what is absent is left as the application says."""

    repository: Repository | None = None
    """Put before `/<service>`; images that others publish keep theirs."""
    tag: Tag | None = None
    """The version of all services, in a stack without `boutique:release`."""
    pull_secrets: Names = ()
    """Secrets of type `kubernetes.io/dockerconfigjson` in the namespace."""


class ServiceImage(Section):
    """Where the image of one service comes from."""

    repository: Repository | None = None
    """The whole repository, the image's name included."""
    tag: Tag | None = None
    """Its version, in a stack without `boutique:release`; drops a digest that belongs to another."""
    digest: Digest | None = None
    """Pins the very image, even if its tag is moved; in a stack without `boutique:release`."""
    pull_secrets: Names = ()
    """Instead of the ones for all services."""


class Availability(Section):
    """How the replicas of a service are kept apart, and alive when nodes go."""

    anti_affinity: bool = True
    """Prefer different nodes."""
    topology_spread: bool = True
    """Prefer different zones."""
    disruption_budget: bool = True
    """With two replicas or more: let a node's drain take one pod at a time."""


class ServiceSettings(Section):
    """What one service has different from the others."""

    enabled: bool = True
    """False leaves it out; only for a workload that the application calls optional."""
    replicas: Count | None = None
    """Instead of the number for all services; always 1 for a store."""
    autoscaled: bool = False
    """True leaves the number of replicas to an autoscaler of the cluster (HorizontalPodAutoscaler, KEDA); `replicas` is
    what a new Deployment begins with. Not for a store or blue/green."""
    image: ServiceImage = ServiceImage()
    """Where its image comes from."""
    init_image: ImageReference | None = None
    """The whole reference of its init container's image."""
    external: bool = False
    """True adds a LoadBalancer Service that needs no ingress; only where the application names one."""
    variables: dict[VariableName, str] = Field(default_factory=dict)
    """Environment variables, added or replaced; addresses and ports stay the application's."""
    files: dict[FileName, str] = Field(default_factory=dict)
    """Texts by the name of a file in the folder `/etc/config`; pods are replaced when one changes."""
    secrets: dict[VariableName, SecretKey] = Field(default_factory=dict)
    """Environment variables with the names of their values among `boutique:serviceSecrets`; pods are replaced when such
    a value changes."""
    resources: ContainerResources = ContainerResources()
    """Its CPU and memory."""
    rollout: Rollout = Rollout()
    """What it names replaces the value for all services."""
    availability: Availability = Availability()
    """What it names replaces the value for all services."""


class Environment(Section):
    """One deployment of the whole application in one target."""

    enabled: bool = True
    """False is as if the section were not there."""

    target: DnsLabel | None = None
    """Which of this stack's `platform.targets`, if it has several."""
    images: Images = Images()
    """Where the images of all services come from."""
    replicas: Count = 1
    """Replicas of every service but stores and optional workloads."""
    pod_user: PodUser = "fixed"
    """Who containers run as: `fixed` is user and group 1000, `cluster` names none, so that the cluster chooses, as
    OpenShift's `restricted-v2` does; in both cases it must not be root."""
    order: Literal["parallel", "dependenciesFirst"] = "parallel"
    """`dependenciesFirst` updates a service when all that it calls have been, for a release in which they depend on
    it."""
    rollout: Rollout = Rollout()
    """How new pods take over, for all services."""
    availability: Availability = Availability()
    """How replicas are kept apart, for all services."""
    features: Features | None = None
    """Allows feature stacks, each for testers of its own; needs the ingress. Without it there are none."""
    services: dict[WorkloadName, ServiceSettings] = Field(default_factory=dict)
    """What single services have different, by name."""


NAMESPACE = "boutique"
"""The namespace of the configuration's keys, also of a Pulumi project with another name."""
SECTIONS: Mapping[str, Any] = {
    "cluster": Cluster,
    "platform": Platform,
    "environment": Environment,
    "release": Release,
    "feature": Feature,
}
"""The sections by their key in a stack file, with the type each is read as."""
