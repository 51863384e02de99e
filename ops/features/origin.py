"""The environment of a feature, read from the outputs of its stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from boutique.routing.endpoint import GatewayEndpoint
from boutique.settings.feature_settings import Features
from boutique.settings.stack import Environment
from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.engine import MissingStackError
from ops.smoke.namespace_objects import Namespace


class NoEnvironmentError(OperationError):
    """A stack has no environment with features, or does not exist."""


@dataclass(frozen=True, kw_only=True)
class FeatureOrigin:
    """An environment that allows features.

    Attributes:
        stack: Its stack.
        namespace: Its namespace.
        entrance: The endpoint of its gateway.
        settings: Its configuration.
        features: The limits of its features.
    """

    stack: str
    namespace: Namespace
    entrance: GatewayEndpoint
    settings: Environment
    features: Features


def origin(project: Path, stack: str, *, named: str = "--env", timeout: float | None = None) -> FeatureOrigin:
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


def parse_outputs(stack: str, outputs: Mapping[str, Any]) -> FeatureOrigin | None:
    """Return the environment in the outputs of a stack; None if it has none that allows features.

    Raises:
        OperationError: Another version of this program deployed it.
    """
    facts = outputs.get("environment")
    if not isinstance(facts, Mapping) or not isinstance(place := facts.get("place"), Mapping):
        return None
    try:
        settings = Environment.model_validate(facts.get("settings"))
        if settings.features is None or not place.get("entrance"):
            return None
        return FeatureOrigin(
            stack=stack,
            namespace=Namespace(name=str(place["namespace"]), deployer=str(place["kubeconfig"])),
            entrance=GatewayEndpoint.model_validate(place["entrance"]),
            settings=settings,
            features=settings.features,
        )
    except (ValidationError, KeyError):
        raise OperationError(
            f"stack {stack!r} was deployed by another version of this program; run `pulumi up` there with this one"
        ) from None
