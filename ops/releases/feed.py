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
from ops.releases.service_versions import asked, release_for, section, standing
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
        said: How that compares.
        skipped: How many tags are no SemVer versions.
    """

    service: str
    now: Pin
    newest: Pin | None
    said: str
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
    here = standing(stack, outputs(project, stack))
    # Where everything is let in, builds of branches are as well; those come as features.
    channel = here.channel or Channel()
    wanted = [each for each in deployed(environment, release) if each.workload.shared_image_settings]
    progress(f"reading the tags of {len(wanted)} repositories")
    tags = tags_of({each.image.repository for each in wanted})

    def accepts(image: Reference) -> Callable[[str], bool]:
        return lambda tag: channel.refusal(image.with_tag(tag)) is None

    chosen = {each.workload.name: newest(tags[each.image.repository], accepts(each.image)) for each in wanted}
    progress("reading the digests of the newest")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        services = tuple(pool.map(lambda each: compared(each, chosen[each.workload.name], digest), wanted))
    newer = {each.service: each.newest for each in services if each.newest and each.said == NEWER}
    pins = {**asked(environment, release), **newer}
    after = before.changed({RELEASE: section(release_for(pins, environment))}) if newer else before
    check(after, here, before)
    return Feed(stack=stack, channel=channel, services=services, before=before, after=after)


def compared(wanted: ResolvedWorkload, found: Newest, read: Callable[[str, str], str]) -> NewestVersions:
    """Return how the newest version of a service compares with what is asked for.

    Args:
        wanted: The service as the environment asks for it.
        found: The newest version that is let in.
        read: Returns the digest of a tag in a repository.
    """
    name, image = wanted.workload.name, wanted.image
    now = Pin.of(image)
    if found.version is None:
        return NewestVersions(service=name, now=now, newest=None, said=NOTHING, skipped=found.skipped)
    pin = Pin(tag=found.version.text, digest=read(image.repository, found.version.text))
    said = SAME if pin.tag == now.tag and now.digest in (None, pin.digest) else _order(now, found.version)
    return NewestVersions(service=name, now=now, newest=pin, said=said, skipped=found.skipped)


def _order(now: Pin, newest: Version) -> str:
    try:
        current = Version.parse(now.tag or "")
    except VersionError:
        return NEWER
    # A tag that was moved has another digest and the same precedence.
    return OLDER if current.semver > newest.semver else NEWER


def document(found: Feed) -> Mapping[str, Any]:
    """Return what there is for a program."""
    return {
        "stack": found.stack,
        "channel": found.channel.model_dump(by_alias=True),
        "services": {
            each.service: {
                "now": str(each.now),
                "newest": str(each.newest) if each.newest else None,
                "newer": each.said == NEWER,
                "skipped": each.skipped,
            }
            for each in found.services
        },
    }
