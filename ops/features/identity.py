"""From the name that people call a feature by to its key and its stack."""

from dataclasses import dataclass
from pathlib import Path

from application import online_boutique
from boutique.names.feature_names import NamingError, feature_key
from boutique.routing import route_table
from ops.errors import OperationError
from ops.pulumi import engine


@dataclass(frozen=True, kw_only=True)
class FeatureStack:
    """What is meant by a name.

    Attributes:
        name: The branch, or the key.
        key: The key.
        environment: The environment's stack.
    """

    name: str
    key: str
    environment: str

    @property
    def stack(self) -> str:
        """The stack that `boutique feature up` gives it."""
        return f"{self.environment}-{self.key}"

    def __str__(self) -> str:
        return f"feature {self.name!r} of {self.environment!r}"


def identity(name: str, environment: str) -> FeatureStack:
    """Return what is meant by a name.

    Raises:
        OperationError: It cannot be a feature's.
    """
    return FeatureStack(name=name, key=_key(name), environment=environment)


def located(
    project: Path, name: str, environment: str | None, *, how: str = "with --env", timeout: float | None = None
) -> FeatureStack:
    """Return what is meant by a name, in the only environment that has such a feature if none is given.

    Args:
        project: The folder of the project.
        name: The branch, or the key.
        environment: The environment's stack, if given.
        how: People say which it is.
        timeout: After how many seconds to give up; None for never.

    Raises:
        OperationError: There is none, or there are several.
    """
    if environment:
        return identity(name, environment)
    key = _key(name)
    stacks = engine.list_stacks(project, timeout)
    ending = f"-{key}"
    there = [
        each.removesuffix(ending) for each in stacks if each.endswith(ending) and each.removesuffix(ending) in stacks
    ]
    if len(there) != 1:
        said = f"is in {' and '.join(sorted(there))}" if there else f"has no stack such as dev{ending}"
        raise OperationError(f"the feature {name!r} {said}: say which environment {how}")
    return identity(name, there[0])


def _key(name: str) -> str:
    try:
        return feature_key(name, [each.service for each in route_table.services(online_boutique.WORKLOADS)])
    except NamingError as error:
        raise OperationError(f"{name!r}: {error}") from None
