"""What a branch has changed, as the tags of the images tell: who has no --service to name need not name any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from application import online_boutique
from boutique.routing import route_table
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import deployed
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.registry.newest_tag import NewestOfBranch, newest_of_branch
from ops.registry.queries import tags_of
from support.registry.address import Address


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """What was found of a branch.

    Attributes:
        taken: The newest builds of the branch, by the name of the service.
        left: Why the other services stay as the environment has them, by name.
    """

    taken: Mapping[str, str]
    left: Mapping[str, str]

    @property
    def lines(self) -> tuple[str, ...]:
        """What was found, a line for each service; those without any build of the branch are in one."""
        plain = [name for name, why in self.left.items() if why == _NO_BUILD]
        return (
            *(f"{name}: {version}" for name, version in self.taken.items()),
            *(f"{name}: left, {why}" for name, why in self.left.items() if why != _NO_BUILD),
            *([f"left, {_NO_BUILD}: {', '.join(plain)}"] if plain else []),
        )


_NO_BUILD = "no build of the branch"


def discovered(environment: Environment, which: FeatureStack, progress: Callable[[str], None]) -> Discovery:
    """Return the newest build of a branch of each service that has one and can be part of a feature.

    Args:
        environment: Where the images of its services are.
        which: The feature.
        progress: Is told what goes on.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository.
        OperationError: The branch has built nothing, or all it has built is older than a release.
    """
    names = [each.service for each in route_table.services(online_boutique.WORKLOADS)]
    repositories = {
        each.workload.name: each.image.repository for each in deployed(environment) if each.workload.name in names
    }
    registries = ", ".join(sorted({Address.of(each).registry for each in repositories.values()}))
    progress(f"reading the tags of {len(repositories)} repositories in {registries}")
    tags = tags_of(repositories.values())
    found = {name: newest_of_branch(tags[repository], which.name, names) for name, repository in repositories.items()}
    taken = {name: each.version.text for name, each in found.items() if each.version}
    left = {name: _reason(each) for name, each in found.items() if not each.version}
    if not taken:
        raise OperationError(_nothing(which, registries, left))
    return Discovery(taken=taken, left=left)


def _reason(found: NewestOfBranch) -> str:
    if found.built and found.release:
        return f"{found.built} is older than the release {found.release}"
    return _NO_BUILD


def _nothing(which: FeatureStack, registries: str, left: Mapping[str, str]) -> str:
    older = [f"{name}: {why}" for name, why in left.items() if why != _NO_BUILD]
    which_ones = f"that is newer than a release ({'; '.join(older)})" if older else f"for any of {len(left)} services"
    return (
        f"{which}: {registries} has no build of the branch {which.name!r} {which_ones}; push an image with a tag such "
        f"as 1.4.2-{which.key}.1, or name services with --service"
    )
