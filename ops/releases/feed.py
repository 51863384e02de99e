"""What the image registries have for an environment: the newest version of each service that its channel lets in."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.names.image_reference import Reference
from boutique.names.semver import Version, VersionError
from boutique.settings.release_settings import Pin
from boutique.settings.version_channel import Channel
from boutique.workloads.resolved_workload import ResolvedWorkload, deployed
from ops.pulumi.stack_queries import outputs
from ops.registry.newest_tag import Newest, newest
from ops.registry.queries import digest, tags_of
from ops.releases.file_checks import check, settings
from ops.releases.service_versions import deployed_release, release_for, requested_pins, section
from ops.releases.stack_file import RELEASE, StackFile

_PARALLEL = 4
NEWER, SAME, OLDER, NOTHING = "newer", "", "what is asked for is newer", "nothing that the channel lets in"


@dataclass(frozen=True, kw_only=True)
class NewestVersions:
    """What there is of one service.

    Attributes:
        service: Its name.
        now: What the environment's file asks for.
        newest: The newest version with its digest; None if there is none.
        comparison: How that compares.
        skipped: How many tags are no SemVer versions.
    """

    service: str
    now: Pin
    newest: Pin | None
    comparison: str
    skipped: int


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What there is of all services.

    Attributes:
        stack: The environment's.
        channel: What decides which versions are wanted.
        services: Of those whose images are published together.
        before: The stack's file.
        after: The same with every newer version.
    """

    stack: str
    channel: Channel
    services: tuple[NewestVersions, ...]
    before: StackFile
    after: StackFile


def feed(project: Path, stack: str, progress: Callable[[str], None]) -> Feed:
    """Read the registries.

    Args:
        project: The folder of the project.
        stack: The environment's.
        progress: Is told what goes on.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository.
        OperationError: The environment's file or stack cannot be read, or the newest versions do not fit together.
    """
    before = StackFile.read(project, stack)
    environment, release = settings(before)
    current = deployed_release(stack, outputs(project, stack))
    # Where everything is let in, builds of branches are as well; those come as features.
    channel = current.channel or Channel()
    workloads = [resolved for resolved in deployed(environment, release) if resolved.workload.shared_image_settings]
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
    pins = {**requested_pins(environment, release), **newer}
    after = before.with_values({RELEASE: section(release_for(pins, environment))}) if newer else before
    check(after, current, before)
    return Feed(stack=stack, channel=channel, services=services, before=before, after=after)


def compare(resolved: ResolvedWorkload, candidate: Newest, read: Callable[[str, str], str]) -> NewestVersions:
    """Return how the newest version of a service compares with what is asked for.

    Args:
        resolved: The service as the environment asks for it.
        candidate: The newest version that is let in.
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
    """Return what there is for a program."""
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
