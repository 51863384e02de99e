"""Whether a release fits its environment, and what the channel of the environment's target lets in."""

from collections.abc import Iterator

from boutique.application.application import Application
from boutique.application.workload import Workload
from boutique.settings.errors import ErrorLine, enumerate_names
from boutique.settings.release_settings import Release
from boutique.settings.stack import Environment, ServiceSettings
from boutique.settings.version_channel import Channel
from boutique.workloads.resolved_workload import resolve_workloads

_KEY = "boutique:release"
_IMAGES = "boutique:environment.images.tag"


def errors(release: Release, environment: Environment | None) -> Iterator[ErrorLine]:
    """Return a line for each error."""
    if environment is None:
        yield ErrorLine(
            "no-environment",
            f"{_KEY}: says what an environment runs; add boutique:environment to this stack, or remove this section",
        )
        return
    if environment.images.tag:
        yield ErrorLine(
            "versions-in-release",
            f"{_IMAGES}: {environment.images.tag}: {_KEY} has the versions here; move it to {_KEY}.default",
        )
    for name, service in environment.services.items():
        for field, value in (("tag", service.image.tag), ("digest", service.image.digest)):
            if value:
                yield ErrorLine(
                    "versions-in-release",
                    f"{_image_key(name)}.{field}: {value}: {_KEY} has the versions here; move it to "
                    f"{_KEY}.services.{name}",
                )
    for name in release.services:
        if not environment.services.get(name, ServiceSettings()).enabled:
            yield ErrorLine(
                "service-disabled",
                f"{_KEY}.services.{name}: does not run here (boutique:environment.services.{name}.enabled); remove it",
            )


def channel_refusals(
    application: Application, channel: Channel, target: str, environment: Environment, release: Release | None
) -> Iterator[ErrorLine]:
    """Return a line for each value of an environment that the channel of its target does not let in."""
    services: dict[tuple[str, str, str], list[str]] = {}
    for service in resolve_workloads(application, environment, release):
        # What others publish has its own ways with versions.
        if not service.workload.own_image and (reason := channel.refusal(service.image)):
            key = _version_key(service.workload, environment, release)
            shown = service.image.tag or f"@{service.image.digest}"
            services.setdefault((key, shown, reason), []).append(service.workload.name)
    for (key, shown, reason), names in services.items():
        yield ErrorLine(
            "version-refused",
            f"{key}: {shown!r}: target {target!r} refuses it for {enumerate_names(names, 'services')}: {reason}",
        )
    if environment.features and not channel.features:
        yield ErrorLine(
            "features-refused",
            f"boutique:environment.features: target {target!r} lets no features in; remove this key, or set "
            f"boutique:platform.targets.{target}.channel.features in the stack that has the target",
        )


def _version_key(workload: Workload, environment: Environment, release: Release | None) -> str:
    """Return the key that says which version of a workload runs."""
    if release and release.pin(workload.name, own_image=workload.own_image):
        return f"{_KEY}.services.{workload.name}" if workload.name in release.services else f"{_KEY}.default"
    image = environment.services.get(workload.name, ServiceSettings()).image
    if image.tag or image.digest:
        return f"{_image_key(workload.name)}.{'tag' if image.tag else 'digest'}"
    return _IMAGES


def _image_key(service: str) -> str:
    return f"boutique:environment.services.{service}.image"
