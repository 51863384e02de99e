"""The environment of a feature, read from the outputs of its stack."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boutique.outputs import ENVIRONMENT, Origin, OutputsError, SharedEnvironment, read
from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.engine import MissingStackError
from ops.smoke.namespace_objects import Namespace


class NoEnvironmentError(OperationError):
    """A stack has no environment with features, or does not exist."""


def origin(project: Path, stack: str, *, named: str = "--env", timeout: float | None = None) -> Origin:
    """Read an environment from the outputs of its stack.

    Args:
        project: The folder of the project.
        stack: Its stack.
        named: The argument of the command that names it, for error messages.
        timeout: After how many seconds to give up; None for never.

    Raises:
        NoEnvironmentError: The stack does not exist, or has no environment that allows features.
        OperationError: It cannot be read.
    """
    try:
        output = engine.run(project, stack, "stack", "output", "--json", "--show-secrets", timeout=timeout)
    except MissingStackError as error:
        raise NoEnvironmentError(f"{named} {stack}: {error}") from None
    environment = parse_outputs(stack, json.loads(output))
    if environment is None:
        raise NoEnvironmentError(
            f"{named} {stack}: that stack has no environment with features that was deployed; name another, or add "
            "boutique:environment.features: {} to that stack and run `pulumi up` there"
        )
    return environment


def parse_outputs(stack: str, outputs: Mapping[str, Any]) -> Origin | None:
    """Return the environment in the outputs of a stack; None if it has none that allows features.

    Raises:
        OperationError: Its outputs cannot be used.
    """
    if ENVIRONMENT not in outputs:
        return None
    try:
        return Origin.of(stack, read(SharedEnvironment, stack, outputs, ENVIRONMENT))
    except OutputsError as error:
        raise OperationError(str(error)) from None


def namespace_of(environment: Origin) -> Namespace:
    """Return the namespace of an environment, with the rights of its feature stacks."""
    return Namespace(name=environment.target.namespace, deployer=environment.target.kubeconfig)
