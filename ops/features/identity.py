"""Resolves the name of a feature to its key and its stack."""

from dataclasses import dataclass
from pathlib import Path

from boutique.application.application import Application
from boutique.names.feature_names import NamingError, feature_key
from boutique.routing import route_table
from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.stack_application import application_of


@dataclass(frozen=True, kw_only=True)
class FeatureStack:
    """The key, the name and the environment of a feature.

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


def identity(project: Path, name: str, environment: str) -> FeatureStack:
    """Return the key and the stack of a feature by its name.

    Raises:
        OperationError: The name is not valid for a feature.
    """
    return FeatureStack(name=name, key=_key(application_of(project, environment), name), environment=environment)


def locate_feature(
    project: Path, name: str, environment: str | None, *, how: str = "with --env", timeout: float | None = None
) -> FeatureStack:
    """Return the feature of a name, in the only environment that has it if no environment is given.

    Args:
        project: The folder of the project.
        name: The branch, or the key.
        environment: The environment's stack, if given.
        how: How a user names the environment, for the error message.
        timeout: After how many seconds to give up; None for never.

    Raises:
        OperationError: No environment has it, or several have.
    """
    if environment:
        return identity(project, name, environment)
    key = _key(application_of(project), name)
    stacks = engine.list_stacks(project, timeout)
    ending = f"-{key}"
    environments = [
        stack.removesuffix(ending)
        for stack in stacks
        if stack.endswith(ending) and stack.removesuffix(ending) in stacks
    ]
    if len(environments) != 1:
        state = f"is in {' and '.join(sorted(environments))}" if environments else f"has no stack such as dev{ending}"
        raise OperationError(f"the feature {name!r} {state}: say which environment {how}")
    return identity(project, name, environments[0])


def _key(application: Application, name: str) -> str:
    try:
        return feature_key(name, [service.service for service in route_table.services(application.workloads)])
    except NamingError as error:
        raise OperationError(f"{name!r}: {error}") from None
