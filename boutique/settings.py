"""The configuration of a stack as frozen models: one section per layer, nothing secret.

Keys are written in camel case in the stack files, as is usual for Pulumi. A section that is absent or empty is a layer
that the stack does not build.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from boutique import catalogue, images
from boutique.mistakes import nearest

_WORKLOADS = {workload.name: workload for workload in catalogue.WORKLOADS}


def _known_workload(name: str) -> str:
    if name not in _WORKLOADS:
        hint = nearest(name, _WORKLOADS)
        raise PydanticCustomError("workload", "there is no such service{hint}", {"hint": hint})
    return name


def _whole_number(value: object) -> object:
    # JSON has one kind of number: Pulumi may hand a whole number over as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: object) -> object:
    # YAML reads a number of pods without quotes as a number, a percentage as text.
    return str(value) if type(value) in (int, float) else value


Count = Annotated[int, BeforeValidator(_whole_number), Field(ge=1)]
Seconds = Annotated[int, BeforeValidator(_whole_number), Field(ge=0, le=3600)]
WorkloadName = Annotated[str, AfterValidator(_known_workload)]
Tag = Annotated[str, AfterValidator(images.check_tag)]
Repository = Annotated[str, AfterValidator(images.check_repository)]
Digest = Annotated[str, AfterValidator(images.check_digest)]
ImageReference = Annotated[str, AfterValidator(lambda text: str(images.Reference.parse(text)))]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)]
Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Surge = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^[1-9][0-9]*%?$")]
Names = Annotated[tuple[SecretName, ...], Field(strict=False)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no silent conversion, no change after loading."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, alias_generator=to_camel
    )


class ExistingCluster(Section):
    """A cluster that is there, found through a kubeconfig."""

    kind: Literal["existing"]
    context: Annotated[str, Field(min_length=1)]
    kubeconfig: Annotated[str, Field(min_length=1)] | None = None


class StackCluster(Section):
    """One target on the cluster of another stack, with the rights of that target's deployer."""

    kind: Literal["stack"]
    name: Annotated[str, Field(min_length=1)]
    target: DnsLabel


class EksCluster(Section):
    """A cluster of this stack's own on Amazon EKS."""

    kind: Literal["eks"]


Cluster = Annotated[ExistingCluster | StackCluster | EksCluster, Field(discriminator="kind")]


class Target(Section):
    """The place of one environment on a shared cluster: a namespace and who may deploy into it."""

    namespace: DnsLabel | None = None
    replicas: Count = 2
    """Replicas of every service that the namespace's quota leaves room for, twice over."""


class Platform(Section):
    """What environments on one cluster share."""

    targets: Annotated[dict[DnsLabel, Target], Field(min_length=1)]


class Images(Section):
    """Where the images of all services come from; what is absent is left as the catalogue says."""

    repository: Repository | None = None
    tag: Tag | None = None
    pull_secrets: Names = ()


class ServiceImage(Section):
    """Where the image of one service comes from: `repository` is the whole of it."""

    repository: Repository | None = None
    tag: Tag | None = None
    digest: Digest | None = None
    pull_secrets: Names = ()


class Rollout(Section):
    """How new pods take over from old ones."""

    max_surge: Surge = "25%"
    min_ready_seconds: Seconds = 10
    pre_stop_seconds: Seconds = 10
    timeout_seconds: Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=3600)] = 300

    @property
    def surge(self) -> int | str:
        """`max_surge` as Kubernetes takes it: a number of pods, or a percentage."""
        return self.max_surge if self.max_surge.endswith("%") else int(self.max_surge)


class Availability(Section):
    """How the replicas of a service are kept apart and alive when nodes go."""

    anti_affinity: bool = True
    topology_spread: bool = True
    disruption_budget: bool = True


class Quantities(Section):
    """CPU and memory; what is absent is left as the catalogue says."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class ContainerResources(Section):
    """What a container asks for and what it may use at most."""

    requests: Quantities = Quantities()
    limits: Quantities = Quantities()


class Service(Section):
    """What one service has different from the others."""

    enabled: bool = True
    replicas: Count | None = None
    image: ServiceImage = ServiceImage()
    init_image: ImageReference | None = None
    external: bool = False
    variables: dict[VariableName, str] = {}
    resources: ContainerResources = ContainerResources()
    rollout: Rollout = Rollout()
    availability: Availability = Availability()


class Environment(Section):
    """One deployment of the whole shop in one target."""

    target: DnsLabel | None = None
    images: Images = Images()
    replicas: Count = 1
    rollout: Rollout = Rollout()
    availability: Availability = Availability()
    services: dict[WorkloadName, Service] = {}


SECTIONS: Mapping[str, Any] = {"cluster": Cluster, "platform": Platform, "environment": Environment}
"""The sections by their key in a stack file, with the type each is read as."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The configuration of a stack."""

    cluster: Cluster
    platform: Platform | None = None
    environment: Environment | None = None
