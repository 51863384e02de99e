"""Versions of services: in a stack's outputs, in settings, and as text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boutique.application.application import Application
from boutique.outputs import EnvironmentOutputs, OutputsError, has_environment, read
from boutique.settings.release_settings import Change, Pin, Release, release_of
from boutique.settings.stack import Environment
from boutique.settings.version_channel import Channel
from boutique.workloads.resolved_workload import resolve_workloads
from ops.errors import OperationError

Pins = Mapping[str, Pin]

_SHORT = len("sha256:") + 12
NONE = "-"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The release that a stack has deployed, from its outputs.

    Attributes:
        stack: The stack.
        pins: The deployed versions by service; empty before the first update.
        channel: The channel of the environment's target; None without one, or before the first update.
        target: The name of that target; empty before the first update.
    """

    stack: str
    pins: Pins
    channel: Channel | None
    target: str


def deployed_release(stack: str, outputs: Mapping[str, Any]) -> Standing:
    """Return the deployed release from the outputs of a stack.

    Raises:
        OperationError: Its outputs cannot be used.
    """
    if not has_environment(outputs):
        return Standing(stack=stack, pins={}, channel=None, target="")
    try:
        environment = read(EnvironmentOutputs, stack, outputs)
    except OutputsError as error:
        raise OperationError(str(error)) from None
    return Standing(
        stack=stack,
        pins={name: Pin.of(service.image) for name, service in environment.services.items()},
        channel=environment.channel,
        target=environment.target.name,
    )


def requested_pins(application: Application, environment: Environment, release: Release | None) -> Pins:
    """Return the version of every service in the settings."""
    services = resolve_workloads(application, environment, release)
    return {resolved.workload.name: Pin.of(resolved.image) for resolved in services}


def release_for(pins: Pins, application: Application, environment: Environment) -> Release:
    """Return the shortest release with which an environment runs these versions."""
    workloads = [workload for workload in application.workloads if workload.name in pins]
    release = release_of(pins, [workload.name for workload in workloads if not workload.own_image])
    for workload in workloads:
        # Images that others publish have the application's version unless a release overrides it.
        if workload.own_image and workload.name in release.services:
            services = {name: pin for name, pin in release.services.items() if name != workload.name}
            shorter = release.model_copy(update={"services": services})
            if requested_pins(application, environment, shorter).get(workload.name) == pins[workload.name]:
                release = shorter
    return release


def section(release: Release) -> dict[str, Any]:
    """Return a release as the section of a stack's file."""
    content = release.model_dump(by_alias=True, include={"default", "services"})
    return {key: value for key, value in content.items() if value}


def short(pin: Pin | None) -> str:
    """Return a version as text with a shortened digest."""
    if pin is None:
        return NONE
    return (pin.tag or "") + (f"@{pin.digest[:_SHORT]}" if pin.digest else "")


def describe_changes(changes: Iterable[Change], most: int | None = None) -> str:
    """Return changes in one line, services with the same change together.

    Args:
        changes: The versions that change.
        most: How many services of one change to name; for more, only their number appears. None for all.
    """
    together: dict[str, list[str]] = {}
    for change in changes:
        together.setdefault(f"{short(change.old)} -> {short(change.new)}", []).append(change.service)
    return "; ".join(f"{_name_services(services, most)} {change}" for change, services in together.items())


def _name_services(services: Sequence[str], most: int | None) -> str:
    return ", ".join(services) if most is None or len(services) <= most else f"{len(services)} services"
