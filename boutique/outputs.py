"""The outputs of a stack: the contract between the stacks of the program, and between program and command.

The program exports them from these models, and everything that reads another stack gets these models back. Raise
`SCHEMA_VERSION` with every change of a model that an older or newer program would misunderstand; another shape is
refused by itself. Settings inside of outputs have the shape of the stack file.

Only a stack's own update reads its own outputs without regard to the version: it writes them anew.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_serializer,
)

from boutique.application.contract import ApplicationContract
from boutique.certificates.certificate_facts import CertificateFacts
from boutique.kubernetes import kubeconfig
from boutique.routing.endpoint import GatewayEndpoint
from boutique.settings.feature_settings import Feature, Features, Moment
from boutique.settings.fields import ImageReference, Number, Section
from boutique.settings.resource_settings import Resources
from boutique.settings.rollout import Rollout
from boutique.settings.stack import Availability, Environment, PodUser
from boutique.settings.version_channel import Channel

SCHEMA_VERSION = 2
"""The value of the output `schemaVersion`."""

VERSION, TARGETS, ENVIRONMENT, FEATURE, BLUE_GREEN = "schemaVersion", "targets", "environment", "feature", "colours"
"""The names of outputs that readers look up one by one."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes, in plain text, for a value that it does not know (sdk/go/common/resource/plugin/rpc.go): in a
preview not yet, in a targeted update never (pulumi/pulumi#18006)."""

T = TypeVar("T")


class OutputsError(ValueError):
    """The outputs of a stack cannot be used; the message names the stack and the remedy, and no value."""


def _is_unknown(value: object) -> bool:
    # In a preview the program gets an object of Pulumi's for it, in an update None or nothing (the SDK's rpc.py).
    return value == UNKNOWN if isinstance(value, str) else not isinstance(value, int | float | list | tuple | dict)


def _known(text: str) -> str:
    if text == UNKNOWN:
        raise ValueError("is not known")
    return text


def _parse_kubeconfig(text: str) -> str:
    try:
        kubeconfig.reached_by(text)
    except (LookupError, TypeError):
        raise ValueError("is no kubeconfig of a deployer") from None
    return text


Text = Annotated[str, AfterValidator(_known)]
Kubeconfig = Annotated[Text, AfterValidator(_parse_kubeconfig)]
"""A kubeconfig as JSON; secret."""
Names = Annotated[tuple[str, ...], Field(strict=False)]


class Output(Section):
    """The base of models of outputs."""

    model_config = ConfigDict(validate_by_name=True)

    def dump(self) -> dict[str, Any]:
        """Return the value to export."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


class TargetReference(Output):
    """The output `target` of an environment: the stack whose `targets` have its kubeconfig."""

    stack: Text
    name: Text


class TargetOutput(Output):
    """One of the `targets` of a platform, or the target of an environment as its features get it."""

    namespace: Text
    kubeconfig: Kubeconfig = Field(repr=False)
    """That of the target's deployer in `targets`, that of feature stacks in the output `environment`."""
    features: Kubeconfig | None = Field(default=None, repr=False)
    """That of feature stacks; None if none may come."""
    entrance: GatewayEndpoint | None = None
    """None without an ingress."""
    channel: Channel | None = None
    """None for all versions."""
    meshed: bool
    """Whether each pod has a proxy."""
    application: Text
    """The name of the application that the target is for."""


class DeployedService(Output):
    """One of the `services` of an environment."""

    image: ImageReference
    deployment: Text
    """The Deployment that its Service selects."""
    previous: Text | None = None
    """The Deployment that a blue/green rollback goes to, and its version."""
    version: Text
    replicas: Number
    autoscaled: bool = Field(default=False, exclude_if=lambda autoscaled: not autoscaled)
    """Whether an autoscaler sets the number of replicas."""
    ready: Annotated[Number | None, BeforeValidator(lambda count: None if _is_unknown(count) else count)] = None
    """How many pods were ready at the end of the update; None if a targeted update left the Deployment out."""


class SharedEnvironment(Output):
    """The output `environment`: an environment as its feature stacks need it; secret."""

    settings: Environment
    application: ApplicationContract
    """What the environment runs."""
    target: TargetOutput | None = Field(default=None, alias="place")
    """None if the environment allows no features."""
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    """The secrets of its services by name; none if it allows no features."""

    @field_serializer("settings")
    def _settings(self, settings: Environment) -> dict[str, Any]:
        # A null may mean something else than an absent key.
        return settings.model_dump(by_alias=True, exclude_unset=True, mode="json")


class RecordedWorkload(Output):
    """The pods of one blue/green release, as `boutique.workloads.blue_green` restores them."""

    revision: str = Field(alias="colour")
    image: ImageReference
    init_image: str | None
    pull_secrets: Names
    replicas: Number
    rollout: Rollout
    availability: Availability
    variables: dict[str, str]
    files: dict[str, str]
    secrets: dict[str, str] = Field(repr=False)
    requests: Resources
    limits: Resources
    pod_user: PodUser = "fixed"


class RecordedBlueGreen(Output):
    """The pods of one blue/green service: a value in the output `colours`, which is JSON by service; secret."""

    active: RecordedWorkload = Field(alias="live")
    previous: RecordedWorkload | None = Field(default=None, alias="warm")
    until: Moment | None = None


class PlatformOutputs(Output):
    """The outputs of a stack with a platform."""

    model_config = ConfigDict(extra="ignore")

    targets: dict[str, TargetOutput] = Field(repr=False)
    certificate: CertificateFacts | None = None
    """Of the gateway; None without an ingress, and where cert-manager or AWS has it."""


class EnvironmentOutputs(Output):
    """The outputs of a stack with an environment that are not secret."""

    model_config = ConfigDict(extra="ignore")

    application: Text
    """The name of its application's file in the folder `application`, or the path."""
    namespace: Text
    url: Text
    """The link to it, or the command that reaches it."""
    routes: dict[str, str]
    """For each kind of request, the Service that it goes to and the stack that owns the route."""
    channel: Channel | None = None
    """That of its target."""
    services: dict[str, DeployedService]
    target: TargetReference


class FeatureOutputs(Output):
    """The outputs of a feature's stack."""

    model_config = ConfigDict(extra="ignore")

    url: Text
    key: str
    branch: str | None = None
    """None if the section names only the key."""
    expires: Moment | None = None
    of: str
    """The stack of the environment."""
    versions: dict[str, str]
    """By service."""
    sessions: Names
    """The names of their routes; their ids are secret."""
    routes: dict[str, str]
    """As in an environment."""
    feature: Feature = Field(repr=False)
    """The section that the stack was deployed with; secret, since it holds the ids of sessions."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """An environment that allows features, from the outputs of its stack.

    Attributes:
        stack: Its stack.
        settings: Its configuration.
        application: What it runs.
        features: What it allows features.
        target: Its target, with the kubeconfig of feature stacks.
        entrance: The endpoint of its gateway.
        secrets: The secrets of its services by name.
    """

    stack: str
    settings: Environment
    application: ApplicationContract
    features: Features
    target: TargetOutput
    entrance: GatewayEndpoint
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, stack: str, shared: SharedEnvironment) -> Self | None:
        """Return the environment of a stack; None if it allows no features, or has no ingress for their testers."""
        settings, target = shared.settings, shared.target
        if settings.features is None or target is None or target.entrance is None:
            return None
        return cls(
            stack=stack,
            settings=settings,
            application=shared.application,
            features=settings.features,
            target=target,
            entrance=target.entrance,
            secrets=shared.secrets,
        )


def read(kind: type[T], stack: str, outputs: Mapping[str, Any], *path: str) -> T:
    """Return outputs of a stack that was deployed, typed.

    Args:
        kind: What to read.
        stack: The name of the stack.
        outputs: All its outputs; secrets in plain text, as far as they are read.
        path: Where it is in the outputs; empty for a model of all of them.

    Raises:
        OutputsError: Another version of the program deployed the stack, or a targeted update left a value out.
    """
    if outputs.get(VERSION) != SCHEMA_VERSION:
        raise OutputsError(_other_version(stack))
    return read_own(kind, stack, outputs, *path)


def read_own(kind: type[T], stack: str, outputs: Mapping[str, Any], *path: str) -> T:
    """Return outputs of the stack that is about to be updated: see `read`; of any version if they have this shape.

    Raises:
        OutputsError: They have another shape, or a targeted update left a value out.
    """
    value: Any = outputs
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else value
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        errors = error.errors()
    if any(detail["type"] != "missing" and not _is_unknown(detail["input"]) for detail in errors):
        raise OutputsError(_other_version(stack))
    name = ".".join(map(str, (*path, *errors[0]["loc"])))
    raise OutputsError(f"stack {stack!r} does not know its output {name} yet; run `pulumi up` there")


def has_environment(outputs: Mapping[str, Any]) -> bool:
    """Return whether a stack has deployed an environment, with any version of the program."""
    return "services" in outputs


def read_target(stack: str, outputs: Mapping[str, Any], name: str) -> TargetOutput | None:
    """Return one target of a stack that was deployed; None if it has no such target.

    Raises:
        OutputsError: See `read`.
    """
    if TARGETS not in outputs or name not in read(dict[str, Any], stack, outputs, TARGETS):
        return None
    return read(TargetOutput, stack, outputs, TARGETS, name)


def _other_version(stack: str) -> str:
    return f"stack {stack!r} was deployed by another version of this program; run `pulumi up` there with this one"


def write_blue_green(records: Mapping[str, RecordedBlueGreen]) -> str:
    """Return the output `colours`: the pods of blue/green services, by service."""
    # As text: the engine keeps no order, and that of variables is one of the things that pods are made from.
    dumped = {
        name: record.model_dump(by_alias=True, exclude_unset=True, mode="json") for name, record in records.items()
    }
    return json.dumps(dumped)


def read_blue_green(output: object) -> Mapping[str, RecordedBlueGreen] | None:
    """Return the stack's own output `colours`, by service; None if no update has written it yet.

    A record of another shape is left out: the way back to those pods is a new rollout then.
    """
    if not isinstance(output, str) or not output.startswith("{"):
        return None
    records = {}
    for name, record in json.loads(output).items():
        with suppress(ValidationError):
            records[name] = RecordedBlueGreen.model_validate_json(json.dumps(record))
    return records
