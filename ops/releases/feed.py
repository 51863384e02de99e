"""Reads the newest version of each service that an environment's channel lets in from the image registries."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.names.image_reference import Reference
from boutique.names.semver import Version, VersionError
from boutique.settings.release_settings import Pin
from boutique.settings.version_channel import Channel
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from ops.pulumi.stack_queries import outputs
from ops.registry.newest_tag import Newest, newest
from ops.registry.queries import digest, tags_of
from ops.releases.file_checks import check, settings
from ops.releases.service_versions import deployed_release, release_for, requested_pins, section
from ops.releases.stack_file import RELEASE, StackFile

_PARALLEL = 4
NEWER, SAME, OLDER, NOTHING = "newer", "", "the stack file has a newer version", "no version that the channel lets in"


@dataclass(frozen=True, kw_only=True)
class NewestVersions:
    """The newest version of one service, and the version that the stack file has.

    Attributes:
        service: Its name.
        now: The version in the stack file.
        newest: The newest version with its digest; None if the channel lets none in.
        comparison: How both compare: `NEWER`, `SAME`, `OLDER` or `NOTHING`.
        skipped: How many tags are not SemVer versions.
    """

    service: str
    now: Pin
    newest: Pin | None
    comparison: str
    skipped: int


@dataclass(frozen=True, kw_only=True)
class Feed:
    """The newest versions of all services.

    Attributes:
        stack: The stack of the environment.
        channel: Which versions the environment's target lets in.
        services: The services whose images are published together.
        before: The stack's file.
        after: The stack's file with every newer version.
    """

    stack: str
    channel: Channel
    services: tuple[NewestVersions, ...]
    before: StackFile
    after: StackFile


def feed(project: Path, stack: str, progress: Callable[[str], None]) -> Feed:
    """Read the newest versions of an environment's services from their registries.

    Args:
        project: The folder of the project.
        stack: The stack of the environment.
        progress: Called with a line for each step.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository.
        OperationError: The environment's file or stack cannot be read, or the newest versions do not fit together.
    """
    before = StackFile.read(project, stack)
    application, environment, release = settings(before)
    current = deployed_release(stack, outputs(project, stack))
    # Without a channel only releases count: builds of branches are deployed as features.
    channel = current.channel or Channel()
    workloads = [
        resolved for resolved in resolve_workloads(application, environment, release) if not resolved.workload.own_image
    ]
    progress(f"reading the tags of {len(workloads)} repositories")
    tags = tags_of({resolved.image.repository for resolved in workloads})

    def accepts(image: Reference) -> Callable[[str], bool]:
        return lambda tag: channel.refusal(image.with_tag(tag)) is None

    chosen = {
        resolved.workload.name: newest(tags[resolved.image.repository], accepts(resolved.image))
        for resolved in workloads
    }
    progress("reading the digests of the newest")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        services = tuple(
            pool.map(lambda resolved: compare(resolved, chosen[resolved.workload.name], digest), workloads)
        )
    newer = {
        versions.service: versions.newest for versions in services if versions.newest and versions.comparison == NEWER
    }
    pins = {**requested_pins(application, environment, release), **newer}
    after = before.with_values({RELEASE: section(release_for(pins, application, environment))}) if newer else before
    check(after, current, before)
    return Feed(stack=stack, channel=channel, services=services, before=before, after=after)


def compare(resolved: ResolvedWorkload, candidate: Newest, read: Callable[[str, str], str]) -> NewestVersions:
    """Compare the newest version of a service with the version in the stack file.

    Args:
        resolved: The service, with the image that the stack file gives it.
        candidate: The newest version that the channel lets in.
        read: Returns the digest of a tag in a repository.
    """
    name, image = resolved.workload.name, resolved.image
    now = Pin.of(image)
    if candidate.version is None:
        return NewestVersions(service=name, now=now, newest=None, comparison=NOTHING, skipped=candidate.skipped)
    pin = Pin(tag=candidate.version.text, digest=read(image.repository, candidate.version.text))
    comparison = SAME if pin.tag == now.tag and now.digest in (None, pin.digest) else _order(now, candidate.version)
    return NewestVersions(service=name, now=now, newest=pin, comparison=comparison, skipped=candidate.skipped)


def _order(now: Pin, newest: Version) -> str:
    try:
        current = Version.parse(now.tag or "")
    except VersionError:
        return NEWER
    # A tag that was moved has another digest and the same precedence.
    return OLDER if current.semver > newest.semver else NEWER


def document(feed: Feed) -> Mapping[str, Any]:
    """Return the newest versions as `--json` prints them."""
    return {
        "stack": feed.stack,
        "channel": feed.channel.model_dump(by_alias=True),
        "services": {
            versions.service: {
                "now": str(versions.now),
                "newest": str(versions.newest) if versions.newest else None,
                "newer": versions.comparison == NEWER,
                "skipped": versions.skipped,
            }
            for versions in feed.services
        },
    }
