"""Which of a repository's tags is the newest, by the precedence of SemVer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from boutique.names.feature_names import feature_key
from boutique.names.semver import Version, VersionError


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The newest tag of a repository that is wanted.

    Attributes:
        version: It; None if there is none.
        skipped: How many tags are no SemVer versions.
    """

    version: Version | None
    skipped: int


@dataclass(frozen=True, kw_only=True)
class NewestOfBranch:
    """The newest build of a branch.

    Attributes:
        version: It; None if there is none, or a release has come since.
        built: The newest build of the branch, also if a release has come since.
        release: The release of a higher precedence.
        skipped: How many tags are no SemVer versions.
    """

    version: Version | None
    built: Version | None
    release: Version | None
    skipped: int


def newest(tags: Iterable[str], accepts: Callable[[str], bool]) -> Newest:
    """Return the newest tag by SemVer, wherever it is in the list.

    Of two that mean the same, such as `1.4.2` and `v1.4.2`, the one with the `v` is taken.

    Args:
        tags: Of a repository.
        accepts: Whether a tag that is a version is wanted.
    """
    versions, skipped = _versions(tags)
    return Newest(version=_highest(version for version in versions if accepts(version.text)), skipped=skipped)


def newest_of_branch(tags: Iterable[str], branch: str, services: Iterable[str]) -> NewestOfBranch:
    """Return the newest build of a branch, unless a release has come since: the branch is part of that, or given up.

    Args:
        tags: Of a repository.
        branch: The branch's name; a tag is of the branch if it says so, or if both have the same key.
        services: The names of all services that a feature may change, for the key.

    Raises:
        NamingError: The branch is empty.
    """
    versions, skipped = _versions(tags)
    names = tuple(services)
    key = feature_key(branch, names)
    built = _highest(
        version
        for version in versions
        if version.branch and (version.branch == branch or feature_key(version.branch, names) == key)
    )
    release = _highest(
        version for version in versions if version.is_release and built and version.semver > built.semver
    )
    return NewestOfBranch(version=None if release else built, built=built, release=release, skipped=skipped)


def _versions(tags: Iterable[str]) -> tuple[list[Version], int]:
    versions, skipped = [], 0
    for tag in tags:
        try:
            versions.append(Version.parse(tag))
        except VersionError:
            skipped += 1
    return versions, skipped


def _highest(versions: Iterable[Version]) -> Version | None:
    return max(versions, key=lambda version: (version.semver, version.text), default=None)
