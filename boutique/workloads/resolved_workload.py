"""What an environment deploys: the catalogue with the environment's settings applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from application import online_boutique
from boutique.application.workload import Resources, Workload
from boutique.names import feature_names, labels
from boutique.names.image_reference import Reference
from boutique.settings.fields import Section
from boutique.settings.release_settings import Release
from boutique.settings.rollout import BLUE_GREEN, RECREATE, ROLLING, Rollout
from boutique.settings.stack import Availability, Environment, Images, PodUser, Quantities, ServiceSettings

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, kw_only=True)
class ResolvedWorkload:
    """One workload as an environment or a feature runs it; nothing is left to decide.

    Attributes:
        feature: The key of the feature that runs it; None for the baseline.
        autoscaled: Whether an autoscaler sets the number of replicas; `replicas` is what it begins with.
        revision: What tells the pods of this blue/green release from those of others; None for other strategies.
        files: Texts by the name of a file in `/etc/config`.
        secrets: Environment variables with their secret values.
        pod_user: Who its containers run as: see `Environment.pod_user`.
    """

    workload: Workload
    feature: str | None = None
    revision: str | None = None
    image: Reference
    init_image: str | None
    pull_secrets: tuple[str, ...]
    replicas: int
    autoscaled: bool = False
    rollout: Rollout
    availability: Availability
    external: bool
    variables: Mapping[str, str]
    files: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    requests: Resources
    limits: Resources
    pod_user: PodUser = "fixed"

    @property
    def service_name(self) -> str:
        """The name of its Service."""
        return feature_names.object_name(self.workload.name, self.feature) if self.feature else self.workload.name

    @property
    def name(self) -> str:
        """The name of its Deployment."""
        return f"{self.service_name}-{self.revision}" if self.revision else self.service_name

    @property
    def service_labels(self) -> dict[str, str]:
        """The labels of its objects that do not differ between blue/green revisions."""
        return labels.workload(self.workload.name, self.feature)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its Deployment and pods."""
        return {**self.service_labels, **labels.revision(self.revision)}

    @property
    def selector(self) -> dict[str, str]:
        """What picks its pods."""
        return {**labels.selector(self.workload.name, self.feature), **labels.revision(self.revision)}

    @property
    def strategy(self) -> str:
        """How its pods are replaced: two stores at once would split the data, and who is not called is not switched."""
        if self.workload.store:
            return RECREATE
        if self.rollout.strategy == BLUE_GREEN and self.workload.service is None:
            return ROLLING
        return self.rollout.strategy

    @property
    def is_blue_green(self) -> bool:
        """Whether each release of it is a Deployment of its own; a feature's are not."""
        return self.strategy == BLUE_GREEN and self.feature is None


def resolve_workloads(
    environment: Environment, release: Release | None = None, secrets: Mapping[str, str] | None = None
) -> tuple[ResolvedWorkload, ...]:
    """Return every workload that the environment runs, callees first.

    Args:
        environment: Its settings.
        release: The versions, if there is such a section.
        secrets: The values of secrets by name; one that is missing is empty, for commands that only read.
    """
    return tuple(
        _resolve_workload(workload, environment, release or Release(), secrets or {}, service)
        for workload in online_boutique.WORKLOADS
        if (service := environment.services.get(workload.name, ServiceSettings())).enabled
    )


def _resolve_workload(
    workload: Workload, environment: Environment, release: Release, secrets: Mapping[str, str], service: ServiceSettings
) -> ResolvedWorkload:
    image = _image(workload, environment.images, service)
    pin = release.pin(workload)
    return ResolvedWorkload(
        workload=workload,
        image=pin.apply_to(image) if pin else image,
        init_image=str(service.init_image or workload.init.image) if workload.init else None,
        pull_secrets=service.image.pull_secrets or environment.images.pull_secrets,
        replicas=service.replicas or (1 if workload.store or workload.optional else environment.replicas),
        autoscaled=service.autoscaled,
        rollout=_merge(environment.rollout, service.rollout),
        availability=_merge(environment.availability, service.availability),
        external=service.external,
        variables={
            **workload.variables,
            **{variable: callee.address for variable, callee in workload.calls.items()},
            **service.variables,
        },
        files=service.files,
        secrets={variable: secrets.get(name, "") for variable, name in service.secrets.items()},
        requests=_resources(workload.requests, service.resources.requests),
        limits=_resources(workload.limits, service.resources.limits),
        pod_user=environment.pod_user,
    )


def _image(workload: Workload, images: Images, service: ServiceSettings) -> Reference:
    image = Reference.parse(workload.image)
    if workload.shared_image_settings:
        image = replace(image, repository=f"{images.repository}/{workload.name}") if images.repository else image
        image = image.with_tag(images.tag) if images.tag else image
    own = service.image
    image = replace(image, repository=own.repository) if own.repository else image
    image = image.with_tag(own.tag) if own.tag else image
    return replace(image, digest=own.digest) if own.digest else image


def _merge(shared: S, own: S) -> S:
    return shared.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _resources(catalogued: Resources, own: Quantities) -> Resources:
    return Resources(cpu=own.cpu or catalogued.cpu, memory=own.memory or catalogued.memory)
