"""Finds the newest builds of a branch by the tags of its images, for features without --service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boutique.application.application import Application
from boutique.routing import route_table
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import resolve_workloads
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.registry.newest_tag import NewestOfBranch, newest_of_branch
from ops.registry.queries import tags_of
from support.registry.address import Address


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The builds of a branch in the registry.

    Attributes:
        taken: The newest builds of the branch, by the name of the service.
        left: Why the other services keep the version of the environment, by name.
    """

    taken: Mapping[str, str]
    left: Mapping[str, str]

    @property
    def lines(self) -> tuple[str, ...]:
        """One line per service with a build, and one line for all services without any."""
        without_build = [name for name, reason in self.left.items() if reason == _NO_BUILD]
        return (
            *(f"{name}: {version}" for name, version in self.taken.items()),
            *(f"{name}: left, {reason}" for name, reason in self.left.items() if reason != _NO_BUILD),
            *([f"left, {_NO_BUILD}: {', '.join(without_build)}"] if without_build else []),
        )


_NO_BUILD = "no build of the branch"


def discover_builds(
    application: Application, environment: Environment, feature: FeatureStack, progress: Callable[[str], None]
) -> Discovery:
    """Return the newest build of a branch for each service that can be part of a feature.

    Args:
        application: What the environment runs.
        environment: The environment with the image repositories.
        feature: The feature.
        progress: Receives a line per step.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository.
        OperationError: The branch has built nothing, or all it has built is older than a release.
    """
    names = [service.service for service in route_table.services(application.workloads)]
    repositories = {
        resolved.workload.name: resolved.image.repository
        for resolved in resolve_workloads(application, environment)
        if resolved.workload.name in names
    }
    registries = ", ".join(sorted({Address.of(repository).registry for repository in repositories.values()}))
    progress(f"reading the tags of {len(repositories)} repositories in {registries}")
    tags = tags_of(repositories.values())
    newest = {
        name: newest_of_branch(tags[repository], feature.name, names) for name, repository in repositories.items()
    }
    taken = {name: build.version.text for name, build in newest.items() if build.version}
    left = {name: _reason(build) for name, build in newest.items() if not build.version}
    if not taken:
        raise OperationError(_no_build_message(feature, registries, left))
    return Discovery(taken=taken, left=left)


def _reason(newest: NewestOfBranch) -> str:
    if newest.built and newest.release:
        return f"{newest.built} is older than the release {newest.release}"
    return _NO_BUILD


def _no_build_message(feature: FeatureStack, registries: str, left: Mapping[str, str]) -> str:
    older = [f"{name}: {reason}" for name, reason in left.items() if reason != _NO_BUILD]
    detail = f"that is newer than a release ({'; '.join(older)})" if older else f"for any of {len(left)} services"
    return (
        f"{feature}: {registries} has no build of the branch {feature.name!r} {detail}; push an image with a tag such "
        f"as 1.4.2-{feature.key}.1, or name services with --service"
    )
