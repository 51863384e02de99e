"""The environment that features are of, as its stack's outputs tell."""

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
    """A stack has no environment with features, or there is no such stack."""


@dataclass(frozen=True, kw_only=True)
class FeatureOrigin:
    """An environment that allows features.

    Attributes:
        stack: Its stack.
        namespace: Where it is.
        entrance: Where people's requests come in.
        settings: How it is configured.
        features: What it lets features do.
    """

    stack: str
    namespace: Namespace
    entrance: GatewayEndpoint
    settings: Environment
    features: Features


def origin(project: Path, stack: str, *, named: str = "--env", timeout: float | None = None) -> FeatureOrigin:
    """Read an environment.

    Args:
        project: The folder of the project.
        stack: Its stack.
        named: By which argument of the command.
        timeout: After how many seconds to give up; None for never.

    Raises:
        NoEnvironmentError: There is no such stack, or none that allows features.
        OperationError: It cannot be read.
    """
    try:
        said = engine.run(project, stack, "stack", "output", "--json", "--show-secrets", timeout=timeout)
    except MissingStackError as error:
        raise NoEnvironmentError(f"{named} {stack}: {error}") from None
    found = of_outputs(stack, json.loads(said))
    if found is None:
        raise NoEnvironmentError(
            f"{named} {stack}: that stack has no environment with features that was deployed; name another, or add "
            "boutique:environment.features: {} to that stack and run `pulumi up` there"
        )
    return found


def of_outputs(stack: str, outputs: Mapping[str, Any]) -> FeatureOrigin | None:
    """Return the environment behind the outputs of a stack; None if it has none that allows features.

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
