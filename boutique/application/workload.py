"""The workloads of an application: what each runs, serves and calls."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from boutique.application.container import (
    InitContainer,
    Probe,
    Variables,
    WorkloadPort,
    called_variables,
    called_workloads,
)
from boutique.settings.fields import (
    AbsolutePath,
    DnsLabel,
    FileName,
    ImageReference,
    Memory,
    Number,
    ObjectName,
    Section,
    VariableName,
)
from boutique.settings.resource_settings import ContainerResources, Resources
from support.port_protocols import has_headers

DEFAULT_GRACE_SECONDS = 30
"""What Kubernetes gives a pod to end by itself by default (PodSpec.terminationGracePeriodSeconds)."""

DEFAULT_REQUESTS = Resources.parse(cpu="50m", memory="64Mi")
DEFAULT_LIMITS = Resources.parse(cpu="500m", memory="512Mi")
"""Of a workload whose file names none: a quota counts the resources of every pod."""


def _mount(value: object) -> object:
    return {"mountPath": value} if isinstance(value, str) else value


class EmptyDir(Section):
    """A folder that lives and dies with the pod; a path alone is short for its `mountPath`."""

    mount_path: AbsolutePath
    """Where the container finds it."""
    medium: Literal["", "Memory"] = ""
    """`Memory` for a file system in memory, which counts as the container's."""
    size_limit: Memory | None = None
    """How much it may hold."""


EmptyDirField = Annotated[EmptyDir, BeforeValidator(_mount, json_schema_input_type=str | EmptyDir)]


class PersistentVolumeClaim(Section):
    """A volume that outlives the pod."""

    mount_path: AbsolutePath
    """Where the container finds it."""
    size: Memory
    """Its capacity, such as `10Gi`."""
    storage_class: ObjectName | None = None
    """The cluster's default class if not given."""
    access_modes: Annotated[
        tuple[Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"], ...],
        Field(strict=False, min_length=1),
    ] = ("ReadWriteOnce",)
    """How many nodes may mount it."""


class PodUser(Section):
    """The user that a workload's containers run as, in place of the environment's."""

    run_as_user: Annotated[Number, Field(ge=1)]
    """Its number; root is not allowed."""
    run_as_group: Annotated[Number, Field(ge=0)] | None = None
    """Its group; the user's number if not given."""
    fs_group: Annotated[Number, Field(ge=0)] | None = None
    """The group that owns volumes; the user's number if not given."""


class Workload(Section):
    """One Deployment of an application and, if others call it, the Service in front of it."""

    name: SkipJsonSchema[DnsLabel] = ""
    image: ImageReference
    """Its image; `<images.repository>/<name>:<images.tag>` if not given."""
    own_image: bool = False
    """True for an image that others publish: a repository, a tag or a version for all services does not apply to it."""
    container_name: DnsLabel = "server"
    """The name of its container."""
    command: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """In place of the image's entrypoint."""
    args: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The arguments, in place of the image's command."""
    ports: Annotated[tuple[WorkloadPort, ...], Field(strict=False)] = ()
    """What it serves, the main port first; none for a workload that only calls others."""
    headless: bool = False
    """True for a Service without an address of its own, whose name has the addresses of the pods."""
    external_service: DnsLabel | None = None
    """The name of a LoadBalancer Service that an environment can switch on beside the normal one."""
    env: Variables = Field(default_factory=dict)
    """Environment variables: texts, or where Kubernetes takes them from: `fieldRef: {fieldPath: status.podIP}`."""
    env_from: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    """Whole ConfigMaps and Secrets as variables, as a container's `envFrom`."""
    calls: dict[VariableName, str] = Field(default_factory=dict)
    """Environment variables with addresses of other workloads, such as `http://{reviews}:9080/x`: braces around the
    name of each workload."""
    calls_by_name: Annotated[tuple[DnsLabel, ...], Field(strict=False)] = ()
    """Workloads that it calls and whose addresses are in its code."""
    loses_baggage_to: Annotated[tuple[DnsLabel, ...], Field(strict=False)] = ()
    """Workloads that it calls without handing on the header `baggage`, so that no feature can follow."""
    readiness_probe: Probe | None = None
    """Whether it can take requests."""
    liveness_probe: Probe | None = None
    """Whether it has to be started anew."""
    startup_probe: Probe | None = None
    """Whether it has started; the other probes wait for it."""
    resources: ContainerResources = ContainerResources()
    """Its CPU and memory."""
    termination_grace_period_seconds: Annotated[Number, Field(ge=0, le=600)] | None = None
    """What the image needs to end; 30 if not given."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations of its pods."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of its pods, beside the program's."""
    init_containers: Annotated[tuple[InitContainer, ...], Field(strict=False)] = ()
    """Containers that have to succeed, one after the other, before its own starts."""
    empty_dirs: dict[DnsLabel, Annotated[EmptyDir, BeforeValidator(_mount, json_schema_input_type=str | EmptyDir)]] = (
        Field(default_factory=dict)
    )
    """Folders that live and die with the pod, by the name of the volume."""
    files: dict[AbsolutePath, dict[FileName, str]] = Field(default_factory=dict)
    """Texts by folder and name of the file; pods are replaced when one changes."""
    single_files: dict[AbsolutePath, str] = Field(default_factory=dict)
    """Texts by the path of the file, each mounted beside the files that the image has in its folder."""
    persistent_volume_claims: dict[DnsLabel, PersistentVolumeClaim] = Field(default_factory=dict)
    """Volumes that outlive the pod, by name; only for a stateful workload, or with access by many."""
    user: PodUser | None = None
    """The user that its containers run as; the environment's `podUser` if not given."""
    writable_root: bool = False
    """True lets it write to the image's own folders."""
    stateful: bool = False
    """True for a workload that keeps data: it has one pod, which ends before the next one starts."""
    optional: bool = False
    """True if an environment may leave it out."""
    banner_variable: VariableName | None = None
    """The environment variable with a text that its pages show, which features set to their key."""
    pod: dict[str, Any] = Field(default_factory=dict)
    """Any further fields of the pod's spec, merged last."""
    container: dict[str, Any] = Field(default_factory=dict)
    """Any further fields of its container, merged last."""

    @property
    def requests(self) -> Resources:
        """What the scheduler sets aside for it."""
        own = self.resources.requests
        return Resources(cpu=own.cpu or DEFAULT_REQUESTS.cpu, memory=own.memory or DEFAULT_REQUESTS.memory)

    @property
    def limits(self) -> Resources:
        """What it may use at most."""
        own = self.resources.limits
        return Resources(cpu=own.cpu or DEFAULT_LIMITS.cpu, memory=own.memory or DEFAULT_LIMITS.memory)

    @cached_property
    def service_ports(self) -> tuple[WorkloadPort, ...]:
        """The ports of its Service; none for a workload that nothing calls."""
        return tuple(port for port in self.ports if port.port)

    @property
    def port(self) -> int | None:
        """The main port of its container; None for a workload that serves nothing."""
        return self.ports[0].container_port if self.ports else None

    @property
    def has_pages(self) -> bool:
        """Whether its readiness is asked for by HTTP."""
        return self.readiness_probe is not None and self.readiness_probe.http_get is not None

    @cached_property
    def ports_with_headers(self) -> tuple[int, ...]:
        """The ports of its Service whose calls have headers, by which calls of features differ."""
        return tuple(
            port.port
            for port in self.service_ports
            if port.port and has_headers(port.name, port.app_protocol, port.protocol)
        )

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """The names of the workloads that it calls, those of its init containers included."""
        called = [called_workloads(self.calls), self.calls_by_name]
        called += [called_workloads(container.calls) for container in self.init_containers]
        return tuple(dict.fromkeys(name for names in called for name in names))

    @property
    def mount_paths(self) -> dict[str, str]:
        """Where the container finds its volumes, by their names."""
        folders = {name: folder.mount_path for name, folder in self.empty_dirs.items()}
        return folders | {name: claim.mount_path for name, claim in self.persistent_volume_claims.items()}

    def addresses(self, services: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment variables with addresses of other workloads.

        Args:
            services: The Services to call in place of those of the same name as the workload.
        """
        return called_variables(self.calls, services or {})
