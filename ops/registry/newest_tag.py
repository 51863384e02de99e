"""Finds the newest tag of a repository by SemVer precedence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from boutique.names.feature_names import feature_key
from boutique.names.semver import Version, VersionError


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The newest accepted tag of a repository.

    Attributes:
        version: The version in the tag; None if no tag is accepted.
        skipped: How many tags are not SemVer versions.
    """

    version: Version | None
    skipped: int


@dataclass(frozen=True, kw_only=True)
class NewestOfBranch:
    """The newest build of a branch.

    Attributes:
        version: The version in the tag; None if the branch has no build, or a newer release exists.
        built: The newest build of the branch, also if a newer release exists.
        release: The newest release with a higher precedence; None without one.
        skipped: How many tags are not SemVer versions.
    """

    version: Version | None
    built: Version | None
    release: Version | None
    skipped: int


def newest(tags: Iterable[str], accepts: Callable[[str], bool]) -> Newest:
    """Return the newest accepted tag by SemVer precedence.

    Of two tags with the same version, such as `1.4.2` and `v1.4.2`, the tag with the `v` wins.

    Args:
        tags: The tags of a repository, in any order.
        accepts: Whether to accept a tag that is a SemVer version.
    """
    versions, skipped = _versions(tags)
    return Newest(version=_highest(version for version in versions if accepts(version.text)), skipped=skipped)


def newest_of_branch(tags: Iterable[str], branch: str, services: Iterable[str]) -> NewestOfBranch:
    """Return the newest build of a branch, unless a newer release exists: the branch is merged or abandoned.

    Args:
        tags: The tags of a repository, in any order.
        branch: The branch's name; a tag belongs to it if it has the same branch, or the same feature key.
        services: The names of all services that a feature may change, for the feature key.

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
