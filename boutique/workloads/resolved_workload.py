"""What an environment deploys: the workloads of an application with the environment's settings applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from boutique.application.application import Application
from boutique.application.container import plain_variables
from boutique.application.workload import Workload
from boutique.names import feature_names, labels
from boutique.names.image_reference import Reference
from boutique.settings.fields import Section
from boutique.settings.release_settings import Release
from boutique.settings.resource_settings import Quantities, Resources
from boutique.settings.rollout import BLUE_GREEN, RECREATE, ROLLING, Rollout
from boutique.settings.stack import Availability, Environment, Images, PodUser, ServiceSettings

DEFAULT_FOLDER = "/etc/config"
"""Where a container finds files that name no folder."""

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, kw_only=True)
class ResolvedWorkload:
    """One workload as an environment or a feature runs it; nothing is left to decide.

    Attributes:
        application: The name of the application.
        feature: The key of the feature that runs it; None for the baseline.
        autoscaled: Whether an autoscaler sets the number of replicas; `replicas` is what it begins with.
        revision: What tells the pods of this blue/green release from those of others; None for other strategies.
        files: Texts by the name of a file in `/etc/config`, or by its path in another folder.
        secrets: Environment variables with their secret values.
        pod_user: Who its containers run as: see `Environment.pod_user`.
    """

    workload: Workload
    application: str
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
        return labels.workload(self.application, self.workload.name, self.feature)

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
        if self.workload.stateful:
            return RECREATE
        if self.rollout.strategy == BLUE_GREEN and not self.workload.service_ports:
            return ROLLING
        return self.rollout.strategy

    @property
    def is_blue_green(self) -> bool:
        """Whether each release of it is a Deployment of its own; a feature's are not."""
        return self.strategy == BLUE_GREEN and self.feature is None


def resolve_workloads(
    application: Application,
    environment: Environment,
    release: Release | None = None,
    secrets: Mapping[str, str] | None = None,
) -> tuple[ResolvedWorkload, ...]:
    """Return every workload that the environment runs, callees first.

    Args:
        application: What it runs.
        environment: Its settings.
        release: The versions, if there is such a section.
        secrets: The values of secrets by name; one that is missing is empty, for commands that only read.
    """
    return tuple(
        _resolve_workload(application.name, workload, environment, release or Release(), secrets or {}, service)
        for workload in application.workloads
        if (service := environment.services.get(workload.name, ServiceSettings())).enabled
    )


def _resolve_workload(
    application: str,
    workload: Workload,
    environment: Environment,
    release: Release,
    secrets: Mapping[str, str],
    service: ServiceSettings,
) -> ResolvedWorkload:
    image = _image(workload, environment.images, service)
    pin = release.pin(workload.name, own_image=workload.own_image)
    return ResolvedWorkload(
        workload=workload,
        application=application,
        image=pin.apply_to(image) if pin else image,
        init_image=_init_image(workload, service),
        pull_secrets=service.image.pull_secrets or environment.images.pull_secrets,
        replicas=service.replicas or (1 if workload.stateful or workload.optional else environment.replicas),
        autoscaled=service.autoscaled,
        rollout=_merge(environment.rollout, service.rollout),
        availability=_merge(environment.availability, service.availability),
        external=service.external,
        variables={
            **plain_variables(workload.env),
            **workload.addresses(),
            **service.variables,
        },
        files={**_files(workload), **service.files},
        secrets={variable: secrets.get(name, "") for variable, name in service.secrets.items()},
        requests=_resources(workload.requests, service.resources.requests),
        limits=_resources(workload.limits, service.resources.limits),
        pod_user=environment.pod_user,
    )


def _image(workload: Workload, images: Images, service: ServiceSettings) -> Reference:
    image = workload.image
    if not workload.own_image:
        image = replace(image, repository=f"{images.repository}/{image.name}") if images.repository else image
        image = image.with_tag(images.tag) if images.tag else image
    own = service.image
    image = replace(image, repository=own.repository) if own.repository else image
    image = image.with_tag(own.tag) if own.tag else image
    return replace(image, digest=own.digest) if own.digest else image


def _init_image(workload: Workload, service: ServiceSettings) -> str | None:
    """Return the image of the one init container; of several each keeps its own."""
    if len(workload.init_containers) != 1:
        return None
    return str(service.init_image or workload.init_containers[0].image)


def _files(workload: Workload) -> dict[str, str]:
    files = {
        name if folder == DEFAULT_FOLDER else f"{folder}/{name}": text
        for folder, texts in workload.files.items()
        for name, text in texts.items()
    }
    return {**files, **workload.single_files}


def _merge(shared: S, own: S) -> S:
    return shared.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _resources(usual: Resources, own: Quantities) -> Resources:
    return Resources(cpu=own.cpu or usual.cpu, memory=own.memory or usual.memory)
